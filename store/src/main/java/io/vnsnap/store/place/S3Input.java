package io.vnsnap.store.place;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import software.amazon.awssdk.core.ResponseBytes;
import software.amazon.awssdk.core.sync.ResponseTransformer;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;

/**
 * An object being read in ranges. Opening it brings its first bytes along, so that a small one
 * takes one request.
 */
final class S3Input implements Place.Input {
  /** Read when opening; holds a small object that is encrypted, too. */
  private static final int FIRST_BYTES = 96 << 10;

  /** Most that is asked for, and kept in memory, in one request. */
  private static final int REQUEST_BYTES = 8 << 20;

  private static final Pattern CONTENT_RANGE = Pattern.compile("bytes 0-\\d+/(\\d+)");

  private final S3Bucket bucket;
  private final String name;
  private final String tag;
  private final long bytes;
  private final ByteBuffer first;

  private S3Input(S3Bucket bucket, String name, String tag, long bytes, ByteBuffer first) {
    this.bucket = bucket;
    this.name = name;
    this.tag = tag;
    this.bytes = bytes;
    this.first = first;
  }

  static S3Input open(S3Bucket bucket, String name) throws IOException {
    ResponseBytes<GetObjectResponse> got;
    try {
      got = get(bucket, name, GetObjectRequest.builder(), 0, FIRST_BYTES);
    } catch (S3Bucket.Refused e) {
      if (e.status() == S3Bucket.RANGE_NOT_SATISFIABLE) {
        return openEmpty(bucket, name);
      }
      throw e;
    }
    ByteBuffer first = got.asByteBuffer();
    long bytes = length(got.response(), first.remaining());
    return new S3Input(bucket, name, got.response().eTag(), bytes, first);
  }

  /** Of an empty object no range can be had. */
  private static S3Input openEmpty(S3Bucket bucket, String name) throws IOException {
    HeadObjectResponse head =
        bucket.send(
            "read",
            name,
            () -> bucket.client().headObject(r -> r.bucket(bucket.bucket()).key(bucket.key(name))));
    return new S3Input(bucket, name, head.eTag(), head.contentLength(), ByteBuffer.allocate(0));
  }

  private static long length(GetObjectResponse response, int got) {
    if (response.contentRange() != null) {
      Matcher range = CONTENT_RANGE.matcher(response.contentRange());
      if (range.matches()) {
        return Long.parseLong(range.group(1));
      }
    }
    return got;
  }

  private static ResponseBytes<GetObjectResponse> get(
      S3Bucket bucket, String name, GetObjectRequest.Builder request, long position, int length)
      throws IOException {
    request
        .bucket(bucket.bucket())
        .key(bucket.key(name))
        .range("bytes=%d-%d".formatted(position, position + length - 1));
    return bucket.send(
        "read",
        name,
        () -> bucket.client().getObject(request.build(), ResponseTransformer.toBytes()));
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public void read(ByteBuffer into, long position) throws IOException {
    PlaceRules.checkRange(bucket.address(name), bytes, position, into.remaining());
    long at = position;
    if (at < first.remaining()) {
      int length = Math.min(into.remaining(), first.remaining() - (int) at);
      into.put(first.slice((int) at, length));
      at += length;
    }
    while (into.hasRemaining()) {
      int length = Math.min(into.remaining(), REQUEST_BYTES);
      into.put(range(at, length));
      at += length;
    }
  }

  private ByteBuffer range(long position, int length) throws IOException {
    try {
      ByteBuffer got =
          get(bucket, name, GetObjectRequest.builder().ifMatch(tag), position, length)
              .asByteBuffer();
      if (got.remaining() != length) {
        throw new IOException(
            "%s: %d bytes came where %d were asked for. Check the server, then try again"
                .formatted(bucket.address(name), got.remaining(), length));
      }
      return got;
    } catch (S3Bucket.Refused e) {
      throw new IOException(
          "%s was replaced while it was read. Read it again".formatted(bucket.address(name)), e);
    }
  }

  @Override
  public void close() {
    // Nothing is held.
  }
}
