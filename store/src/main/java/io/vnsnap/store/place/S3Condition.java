package io.vnsnap.store.place;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.LongSupplier;
import software.amazon.awssdk.services.s3.model.CompletedPart;

/**
 * Whether the server keeps the condition "only if there is no such object". One that ignores it
 * would let a host replace another's object, hence it is tried before the first object is written.
 */
final class S3Condition {
  private static final String NONE = "*";
  private static final ByteBuffer CONTENT = ByteBuffer.wrap(new byte[] {'v'}).asReadOnlyBuffer();

  private final S3Bucket bucket;
  private final LongSupplier random;
  private boolean kept;

  S3Condition(S3Bucket bucket, LongSupplier random) {
    this.bucket = bucket;
    this.random = random;
  }

  /**
   * Tries it, once.
   *
   * @throws IOException if the server does not keep it, or fails
   */
  synchronized void check() throws IOException {
    if (kept) {
      return;
    }
    String name = "CONDITION-%016x".formatted(random.getAsLong()); // No object's name.
    put(name);
    try {
      mustRefuse("PutObject", () -> put(name));
      mustRefuse("CompleteMultipartUpload", () -> upload(name));
    } finally {
      bucket.send(
          "remove",
          name,
          () -> bucket.client().deleteObject(r -> r.bucket(bucket.bucket()).key(bucket.key(name))));
    }
    kept = true;
  }

  private interface Write {
    void send() throws IOException;
  }

  private void mustRefuse(String operation, Write write) throws IOException {
    try {
      write.send();
    } catch (S3Bucket.Refused e) {
      return;
    }
    throw new IOException(
        ("the server of %s ignores If-None-Match of %s, so that hosts could replace each other's"
                + " objects. Use a server with conditional writes, or a directory")
            .formatted(bucket.address(""), operation));
  }

  private void put(String name) throws IOException {
    bucket.send(
        "write",
        name,
        () ->
            bucket
                .client()
                .putObject(
                    r -> r.bucket(bucket.bucket()).key(bucket.key(name)).ifNoneMatch(NONE),
                    S3Output.body(CONTENT.duplicate())));
  }

  private void upload(String name) throws IOException {
    String key = bucket.key(name);
    String id =
        bucket.send(
            "write",
            name,
            () ->
                bucket
                    .client()
                    .createMultipartUpload(r -> r.bucket(bucket.bucket()).key(key))
                    .uploadId());
    boolean completed = false;
    try {
      CompletedPart part = CompletedPart.builder().partNumber(1).eTag(uploadPart(name, id)).build();
      bucket.send(
          "write",
          name,
          () ->
              bucket
                  .client()
                  .completeMultipartUpload(r ->
                      r.bucket(bucket.bucket())
                          .key(key)
                          .uploadId(id)
                          .multipartUpload(m -> m.parts(List.of(part)))
                          .ifNoneMatch(NONE)));
      completed = true;
    } finally {
      if (!completed) {
        bucket.send(
            "abort the upload of",
            name,
            () ->
                bucket
                    .client()
                    .abortMultipartUpload(r -> r.bucket(bucket.bucket()).key(key).uploadId(id)));
      }
    }
  }

  private String uploadPart(String name, String id) throws IOException {
    return bucket
        .send(
            "write",
            name,
            () ->
                bucket
                    .client()
                    .uploadPart(
                        r ->
                            r.bucket(bucket.bucket())
                                .key(bucket.key(name))
                                .uploadId(id)
                                .partNumber(1),
                        S3Output.body(CONTENT.duplicate())))
        .eTag();
  }
}
