package io.vnsnap.store.place;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.ListMultipartUploadsResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.ListPartsResponse;
import software.amazon.awssdk.services.s3.model.MultipartUpload;
import software.amazon.awssdk.services.s3.model.Part;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * A place in a bucket of object storage that speaks S3 and has conditional writes; {@code
 * docs/store-places.md} says what it asks of the server.
 */
final class S3Place implements Place {
  private final S3Bucket bucket;
  private final LongSupplier random;
  private final S3Condition condition;

  /** Uploads in parts that this instance is at. */
  private final Set<String> uploads = ConcurrentHashMap.newKeySet();

  private S3Place(S3Bucket bucket, LongSupplier random) {
    this.bucket = bucket;
    this.random = random;
    this.condition = new S3Condition(bucket, random);
  }

  /**
   * Opens it. The bucket must exist.
   *
   * @param prefix of all keys: empty, or ending in a slash
   * @throws IOException if the bucket is absent or cannot be reached
   */
  static S3Place open(String bucketName, String prefix, S3Settings settings) throws IOException {
    var bucket = new S3Bucket(client(settings), settings, bucketName, prefix);
    var place = new S3Place(bucket, new SecureRandom()::nextLong);
    try {
      bucket.send(
          "list",
          "",
          () -> bucket.client().listObjectsV2(r -> r.bucket(bucketName).prefix(prefix).maxKeys(1)));
      return place;
    } catch (IOException | RuntimeException | Error e) {
      try (place) {
        throw e;
      }
    }
  }

  private static S3Client client(S3Settings settings) throws IOException {
    try {
      return settings.client();
    } catch (SdkClientException e) {
      throw new IOException(
          "object storage cannot be used: %s. Check vnsnap.store.s3 and its region"
              .formatted(e.getMessage()),
          e);
    }
  }

  @Override
  public String describe() {
    return bucket.address("");
  }

  @Override
  public Output create(String name) throws IOException {
    PlaceRules.check(name);
    condition.check();
    return new S3Output(bucket, name, random.getAsLong(), uploads);
  }

  @Override
  public void put(String name, ByteBuffer content) throws IOException {
    PlaceRules.checkPut(name, content);
    bucket.send(
        "write",
        name,
        () ->
            bucket
                .client()
                .putObject(
                    r -> r.bucket(bucket.bucket()).key(bucket.key(name)),
                    S3Output.body(content.duplicate())));
  }

  @Override
  public Input open(String name) throws IOException {
    PlaceRules.check(name);
    return S3Input.open(bucket, name);
  }

  @Override
  public List<Entry> list(String prefix) throws IOException {
    PlaceRules.checkPrefix(prefix);
    List<Entry> entries = new ArrayList<>();
    String token = null;
    do {
      ListObjectsV2Response page = page(prefix, token);
      for (S3Object object : page.contents()) {
        String name = object.key().substring(bucket.prefix().length());
        if (PlaceRules.isName(name)) {
          entries.add(new Entry(name, object.size(), object.lastModified().toEpochMilli()));
        }
      }
      token = page.nextContinuationToken();
    } while (token != null);
    entries.sort(Comparator.comparing(Entry::name));
    return List.copyOf(entries);
  }

  private ListObjectsV2Response page(String prefix, @Nullable String token) throws IOException {
    return bucket.send(
        "list",
        prefix,
        () ->
            bucket
                .client()
                .listObjectsV2(r ->
                    r.bucket(bucket.bucket())
                        .prefix(bucket.key(prefix))
                        .maxKeys(bucket.settings().listPage())
                        .continuationToken(token)));
  }

  @Override
  public void delete(String name) throws IOException {
    PlaceRules.check(name);
    try {
      bucket.send(
          "remove",
          name,
          () -> bucket.client().deleteObject(r -> r.bucket(bucket.bucket()).key(bucket.key(name))));
    } catch (NoSuchFileException e) {
      // Some servers say so.
    }
  }

  @Override
  public long sweep(Duration untouched) throws IOException {
    Instant before = Instant.now().minus(untouched);
    long bytes = 0;
    for (MultipartUpload upload : multipartUploads()) {
      if (!uploads.contains(upload.uploadId()) && !upload.initiated().isAfter(before)) {
        bytes += abort(upload);
      }
    }
    return bytes;
  }

  private List<MultipartUpload> multipartUploads() throws IOException {
    List<MultipartUpload> all = new ArrayList<>();
    ListMultipartUploadsResponse page = null;
    do {
      String key = page == null ? null : page.nextKeyMarker();
      String upload = page == null ? null : page.nextUploadIdMarker();
      page =
          bucket.send(
              "list unfinished uploads in",
              "",
              () ->
                  bucket
                      .client()
                      .listMultipartUploads(r ->
                          r.bucket(bucket.bucket())
                              .prefix(bucket.prefix())
                              .keyMarker(key)
                              .uploadIdMarker(upload)));
      for (MultipartUpload each : page.uploads()) {
        if (PlaceRules.isName(each.key().substring(bucket.prefix().length()))) {
          all.add(each);
        }
      }
    } while (page.isTruncated() != null && page.isTruncated());
    return all;
  }

  /** Aborts an upload; returns the bytes that it held. */
  private long abort(MultipartUpload upload) throws IOException {
    String name = upload.key().substring(bucket.prefix().length());
    try {
      long bytes = bytesOf(upload, name);
      bucket.send(
          "abort the upload of",
          name,
          () ->
              bucket
                  .client()
                  .abortMultipartUpload(r ->
                      r.bucket(bucket.bucket()).key(upload.key()).uploadId(upload.uploadId())));
      return bytes;
    } catch (NoSuchFileException e) {
      return 0; // Ended or aborted meanwhile.
    }
  }

  private long bytesOf(MultipartUpload upload, String name) throws IOException {
    long bytes = 0;
    Integer marker = null;
    boolean more;
    do {
      Integer after = marker;
      ListPartsResponse page =
          bucket.send(
              "list the parts of",
              name,
              () ->
                  bucket
                      .client()
                      .listParts(r ->
                          r.bucket(bucket.bucket())
                              .key(upload.key())
                              .uploadId(upload.uploadId())
                              .partNumberMarker(after)));
      bytes += page.parts().stream().mapToLong(Part::size).sum();
      marker = page.nextPartNumberMarker();
      more = page.isTruncated() != null && page.isTruncated() && marker != null;
    } while (more);
    return bytes;
  }

  @Override
  public long freeBytes() {
    return Long.MAX_VALUE;
  }

  @Override
  public void close() {
    bucket.client().close();
  }

  @Override
  public String toString() {
    return describe();
  }
}
