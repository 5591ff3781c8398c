package io.vnsnap.store.place;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.model.ChecksumAlgorithm;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.UploadPartResponse;

/**
 * Sends an object in parts of bounded size, or at once if it is no longer than one.
 *
 * <p>Design note. The last request says "only if there is no such object". If its answer is lost,
 * the client's next try is refused because of the first; hence each writer marks its object, and
 * looks for its mark before it believes that another was faster.
 */
final class S3Output implements Place.Output {
  /** S3 takes no more parts of one object. */
  private static final int MAX_PARTS = 10_000;

  private static final int FIRST_BUFFER_BYTES = 64 << 10;

  /** How often a conditional write is sent that the server could not decide on. */
  private static final int CONFLICT_TRIES = 5;

  private static final String NONE = "*";
  private static final String MARK = "vnsnap-writer";
  private static final String CONTENT_TYPE = "application/octet-stream";

  private final S3Bucket bucket;
  private final String name;
  private final String mark;
  private final Set<String> uploads;
  private final List<CompletedPart> parts = new ArrayList<>();
  private ByteBuffer part = ByteBuffer.allocate(FIRST_BUFFER_BYTES);
  private @Nullable String upload;
  private @Nullable IOException failure;
  private boolean ended;
  private boolean committed;
  private boolean closed;

  /**
   * @param uploads takes the upload's id as long as it lasts
   */
  S3Output(S3Bucket bucket, String name, long mark, Set<String> uploads) {
    this.bucket = bucket;
    this.name = name;
    this.mark = "%016x".formatted(mark);
    this.uploads = uploads;
  }

  @Override
  public void write(ByteBuffer bytes) throws IOException {
    refuseEnded();
    while (bytes.hasRemaining()) {
      if (part.position() == bucket.settings().partBytes()) {
        sendPart();
      }
      makeRoom(bytes.remaining());
      int length = Math.min(bytes.remaining(), part.remaining());
      part.put(bytes.slice(bytes.position(), length));
      bytes.position(bytes.position() + length);
    }
  }

  private void makeRoom(int coming) {
    if (part.remaining() < coming && part.capacity() < bucket.settings().partBytes()) {
      long wanted = Math.max(2L * part.capacity(), (long) part.position() + coming);
      int capacity = (int) Math.min(wanted, bucket.settings().partBytes());
      part = ByteBuffer.allocate(capacity).put(part.flip());
    }
  }

  private void sendPart() throws IOException {
    try {
      if (parts.size() == MAX_PARTS) {
        throw new IOException(
            "%s is longer than %d parts of %d bytes. Raise vnsnap.store.s3.part-size"
                .formatted(bucket.address(name), MAX_PARTS, bucket.settings().partBytes()));
      }
      String id = upload == null ? beginUpload() : upload;
      int number = parts.size() + 1;
      ByteBuffer content = part.flip();
      UploadPartResponse sent =
          bucket.send(
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
                                  .partNumber(number)
                                  .checksumAlgorithm(checksum()),
                          body(content)));
      parts.add(
          CompletedPart.builder()
              .partNumber(number)
              .eTag(sent.eTag())
              .checksumCRC32(sent.checksumCRC32())
              .build());
      part.clear();
    } catch (NoSuchFileException e) {
      throw failed(swept(e));
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private String beginUpload() throws IOException {
    String id =
        bucket.send(
            "write",
            name,
            () ->
                bucket
                    .client()
                    .createMultipartUpload(r ->
                        r.bucket(bucket.bucket())
                            .key(bucket.key(name))
                            .metadata(Map.of(MARK, mark))
                            .checksumAlgorithm(checksum()))
                    .uploadId());
    uploads.add(id);
    upload = id;
    return id;
  }

  private @Nullable ChecksumAlgorithm checksum() {
    return bucket.settings().checksums() ? ChecksumAlgorithm.CRC32 : null;
  }

  static RequestBody body(ByteBuffer content) {
    ByteBuffer array = content.hasArray() ? content : copy(content);
    int offset = array.arrayOffset() + array.position();
    int length = array.remaining();
    return RequestBody.fromContentProvider(
        () -> new ByteArrayInputStream(array.array(), offset, length), length, CONTENT_TYPE);
  }

  private static ByteBuffer copy(ByteBuffer content) {
    return ByteBuffer.allocate(content.remaining()).put(content).flip();
  }

  @Override
  public void commit() throws IOException {
    refuseEnded();
    if (upload != null) {
      sendPart();
    }
    ended = true;
    try {
      for (int tries = 1; ; tries++) {
        try {
          sendLast();
          break;
        } catch (S3Bucket.Refused e) {
          if (e.status() == S3Bucket.CONFLICT && upload == null && tries < CONFLICT_TRIES) {
            continue;
          }
          mustBeOurs(taken(e));
          break;
        } catch (NoSuchFileException e) {
          mustBeOurs(swept(e));
          break;
        }
      }
      committed = true;
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private void sendLast() throws IOException {
    String id = upload;
    if (id == null) {
      ByteBuffer content = part.flip();
      bucket.send(
          "write",
          name,
          () ->
              bucket
                  .client()
                  .putObject(
                      r ->
                          r.bucket(bucket.bucket())
                              .key(bucket.key(name))
                              .metadata(Map.of(MARK, mark))
                              .ifNoneMatch(NONE),
                      body(content)));
      return;
    }
    bucket.send(
        "write",
        name,
        () ->
            bucket
                .client()
                .completeMultipartUpload(r ->
                    r.bucket(bucket.bucket())
                        .key(bucket.key(name))
                        .uploadId(id)
                        .multipartUpload(m -> m.parts(parts))
                        .ifNoneMatch(NONE)));
  }

  /** Throws unless the object that is there is the one that this writer has sent. */
  private void mustBeOurs(IOException otherwise) throws IOException {
    HeadObjectResponse there;
    try {
      there =
          bucket.send(
              "write",
              name,
              () ->
                  bucket.client().headObject(r -> r.bucket(bucket.bucket()).key(bucket.key(name))));
    } catch (IOException e) {
      otherwise.addSuppressed(e);
      throw otherwise;
    }
    if (!mark.equals(there.metadata().get(MARK))) {
      throw otherwise;
    }
  }

  private FileAlreadyExistsException taken(IOException cause) {
    var taken =
        new FileAlreadyExistsException(
            bucket.address(name),
            null,
            "an object is there already, and objects are never replaced");
    taken.initCause(cause);
    return taken;
  }

  private IOException swept(NoSuchFileException cause) {
    return new IOException(
        "cannot write %s: its upload was aborted meanwhile. Write it again"
            .formatted(bucket.address(name)),
        cause);
  }

  private IOException failed(IOException e) {
    failure = e;
    return e;
  }

  private void refuseEnded() throws IOException {
    if (ended || closed) {
      throw new IllegalStateException(
          "the object %s has been ended".formatted(bucket.address(name)));
    }
    if (failure != null) {
      throw new IOException(
          "%s was given up: %s".formatted(bucket.address(name), failure.getMessage()), failure);
    }
  }

  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    String id = upload;
    if (id == null) {
      return;
    }
    uploads.remove(id);
    if (committed) {
      return;
    }
    try {
      bucket.send(
          "abort the upload of",
          name,
          () ->
              bucket
                  .client()
                  .abortMultipartUpload(
                      r -> r.bucket(bucket.bucket()).key(bucket.key(name)).uploadId(id)));
    } catch (NoSuchFileException e) {
      // Swept: what was wanted.
    }
  }
}
