package io.vnsnap.store.place;

import io.vnsnap.store.StoreFullException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.NoSuchFileException;
import java.util.Set;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * A part of a bucket, and the words for what went wrong with it.
 *
 * @param prefix of all keys: empty, or ending in a slash
 */
record S3Bucket(S3Client client, S3Settings settings, String bucket, String prefix) {
  static final int NOT_FOUND = 404;
  static final int CONFLICT = 409;
  static final int PRECONDITION_FAILED = 412;
  static final int RANGE_NOT_SATISFIABLE = 416;
  private static final int FORBIDDEN = 403;
  private static final int INSUFFICIENT_STORAGE = 507;

  /** What servers call a full disk or a used-up quota; it is not in Amazon's list. */
  private static final Set<String> FULL =
      Set.of("QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "StorageFull");

  String key(String name) {
    return prefix + name;
  }

  /** Address of an object, or of all of it for the empty name. */
  String address(String name) {
    String address = "s3://%s/%s%s".formatted(bucket, prefix, name);
    return address.endsWith("/") ? address.substring(0, address.length() - 1) : address;
  }

  /** One request, its errors put into words. */
  interface Request<T> {
    T send();
  }

  /**
   * Sends a request that is about an object.
   *
   * @param verb what is done, as in "cannot read"
   * @throws NoSuchFileException if the object is absent
   * @throws Refused if a condition of the request does not hold
   */
  <T> T send(String verb, String name, Request<T> request) throws IOException {
    try {
      return request.send();
    } catch (AbortedException e) {
      Thread.currentThread().interrupt();
      var interrupted =
          new InterruptedIOException("interrupted: did not %s %s".formatted(verb, address(name)));
      interrupted.initCause(e);
      throw interrupted;
    } catch (S3Exception e) {
      throw failed(verb, name, e);
    } catch (SdkException e) {
      throw new IOException(
          "cannot %s %s: %s. Check vnsnap.store.s3 (endpoint %s), the network and the credentials"
              .formatted(verb, address(name), e.getMessage(), endpoint()),
          e);
    }
  }

  private IOException failed(String verb, String name, S3Exception e) {
    String code =
        e.awsErrorDetails() == null ? "" : String.valueOf(e.awsErrorDetails().errorCode());
    if (code.equals("NoSuchBucket")) {
      return new IOException(
          "cannot %s %s: there is no bucket %s at %s. Make it, or name another"
              .formatted(verb, address(name), bucket, endpoint()),
          e);
    }
    if (e.statusCode() == INSUFFICIENT_STORAGE || FULL.contains(code)) {
      return new StoreFullException(
          "storage full: cannot %s %s: %s. Enlarge the bucket's quota or delete snapshots, then try again"
              .formatted(verb, address(name), e.getMessage()),
          e);
    }
    return switch (e.statusCode()) {
      case NOT_FOUND -> missing(name, e);
      case PRECONDITION_FAILED, CONFLICT, RANGE_NOT_SATISFIABLE ->
          new Refused(
              e.statusCode(), "cannot %s %s: %s".formatted(verb, address(name), e.getMessage()), e);
      case FORBIDDEN ->
          new IOException(
              "may not %s %s: %s. Check the access key, its rights on the bucket and the clock"
                  .formatted(verb, address(name), e.getMessage()),
              e);
      default ->
          new IOException(
              "cannot %s %s: %s. Check the server at %s, then try again"
                  .formatted(verb, address(name), e.getMessage(), endpoint()),
              e);
    };
  }

  private NoSuchFileException missing(String name, S3Exception cause) {
    var missing = new NoSuchFileException(address(name), null, "no such object");
    missing.initCause(cause);
    return missing;
  }

  private String endpoint() {
    return settings.endpoint() == null ? "Amazon S3" : settings.endpoint().toString();
  }

  /** A condition of a request did not hold. */
  static final class Refused extends IOException {
    private static final long serialVersionUID = 1;
    private final int status;

    Refused(int status, String message, Throwable cause) {
      super(message, cause);
      this.status = status;
    }

    int status() {
      return status;
    }
  }
}
