package io.vnsnap.store.place;

import java.net.URI;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.nio2blob.TransientNio2BlobStore;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;

/**
 * An S3 server on this machine's loopback, S3Proxy with its objects in memory. One for all tests;
 * each has a bucket or prefix of its own.
 */
public final class S3Server {
  public static final String BUCKET = "snapshots";
  static final String KEY_ID = "AKIDEXAMPLE";
  static final String SECRET = "not-much-of-a-secret";

  private static final AtomicInteger PREFIXES = new AtomicInteger();
  private static @Nullable S3Server running;
  private static @Nullable S3Server trusting;

  private final S3Proxy proxy;

  private S3Server(AuthenticationType authentication) throws Exception {
    var objects = new TransientNio2BlobStore();
    objects.createContainer(BUCKET);
    proxy =
        S3Proxy.builder()
            .blobStore(objects)
            .awsAuthentication(authentication, KEY_ID, SECRET)
            .endpoint(URI.create("http://127.0.0.1:0"))
            .stopTimeout(0)
            .build();
    proxy.start();
  }

  /** The server; it runs as long as the tests' JVM. */
  public static synchronized S3Server running() throws Exception {
    if (running == null) {
      running = new S3Server(AuthenticationType.AWS_V4);
    }
    return running;
  }

  /** One more, which checks no signatures, so that a relay may change requests. */
  static synchronized S3Server trusting() throws Exception {
    if (trusting == null) {
      trusting = new S3Server(AuthenticationType.NONE);
    }
    return trusting;
  }

  /** A prefix that no other test has. */
  public static String newPrefix() {
    return "test-%d/".formatted(PREFIXES.incrementAndGet());
  }

  public URI endpoint() {
    return URI.create("http://127.0.0.1:" + proxy.getPort());
  }

  S3Settings settings() {
    return settings(endpoint(), SECRET);
  }

  static S3Settings settings(URI endpoint, String secret) {
    return new S3Settings(
        endpoint,
        null,
        true,
        AwsBasicCredentials.create(KEY_ID, secret),
        S3Settings.MIN_PART_BYTES,
        2,
        Duration.ofSeconds(20),
        true,
        3);
  }

  /** A place under the prefix. */
  public Place open(String prefix) throws Exception {
    return S3Place.open(BUCKET, prefix, settings());
  }
}
