package io.vnsnap.store.place;

import com.typesafe.config.Config;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.StandardRetryStrategy;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;

/**
 * How object storage is reached: {@code vnsnap.store.s3} of the configuration.
 *
 * @param endpoint of the server; null: Amazon's, by the region
 * @param region null: as the environment says
 * @param pathStyle bucket in the path, not in the host's name
 * @param credentials null: as the environment says
 * @param partBytes of an object that is written, most bytes kept in memory
 * @param tries of one request
 * @param requestTimeout of one try
 * @param checksums whether requests carry a CRC of what is sent, which old servers refuse
 * @param listPage most objects asked for in one request
 */
record S3Settings(
    @Nullable URI endpoint,
    @Nullable String region,
    boolean pathStyle,
    @Nullable AwsBasicCredentials credentials,
    int partBytes,
    int tries,
    Duration requestTimeout,
    boolean checksums,
    int listPage) {
  /** S3 takes no smaller parts, but for the last. */
  static final int MIN_PART_BYTES = 5 << 20;

  private static final int MAX_PART_BYTES = 1 << 30;
  private static final int MAX_TRIES = 20;

  /** Requests at a time; a further one waits. */
  private static final int MAX_CONNECTIONS = 64;

  private static final int LIST_PAGE = 1000;
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
  private static final String PATH = "vnsnap.store.s3.";

  S3Settings {
    if (partBytes < MIN_PART_BYTES || partBytes > MAX_PART_BYTES) {
      throw new IllegalArgumentException(
          PATH + "part-size must be from 5 MiB to 1 GiB, it is %d bytes".formatted(partBytes));
    }
    if (tries < 1 || tries > MAX_TRIES) {
      throw new IllegalArgumentException(
          PATH + "tries must be from 1 to %d, it is %d".formatted(MAX_TRIES, tries));
    }
  }

  /**
   * Reads the section {@code vnsnap.store.s3}, and the file with the access key that it names.
   *
   * @throws IOException if that file cannot be read, is not private or is of another form
   * @throws IllegalArgumentException if a value makes no sense; the message names its key
   */
  static S3Settings of(Config s3) throws IOException {
    String endpoint = s3.getString("endpoint");
    String region = s3.getString("region");
    String keyFile = s3.getString("access-key-file");
    return new S3Settings(
        endpoint.isEmpty() ? null : endpoint(endpoint),
        region.isEmpty() ? null : region,
        s3.getBoolean("path-style"),
        keyFile.isEmpty() ? null : accessKey(Path.of(keyFile)),
        Math.toIntExact(Math.min(s3.getBytes("part-size"), Integer.MAX_VALUE)),
        s3.getInt("tries"),
        s3.getDuration("request-timeout"),
        s3.getBoolean("checksums"),
        LIST_PAGE);
  }

  private static URI endpoint(String endpoint) {
    try {
      URI uri = new URI(endpoint);
      boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
      if (http && uri.getHost() != null) {
        return uri;
      }
    } catch (URISyntaxException e) {
      throw notAnEndpoint(endpoint, e);
    }
    throw notAnEndpoint(endpoint, null);
  }

  private static IllegalArgumentException notAnEndpoint(
      String endpoint, @Nullable Throwable cause) {
    return new IllegalArgumentException(
        PATH + "endpoint must be like https://host:port, it is '%s'".formatted(endpoint), cause);
  }

  private static AwsBasicCredentials accessKey(Path file) throws IOException {
    String what = "the access key file " + file + " (" + PATH + "access-key-file)";
    List<String> lines = PrivateFile.read(file, what).lines().toList();
    if (lines.size() != 2 || lines.stream().anyMatch(String::isBlank)) {
      throw new IOException(
          what + " must have two lines: the access key's id and the secret access key");
    }
    return AwsBasicCredentials.create(lines.get(0).strip(), lines.get(1).strip());
  }

  /** A client, to be closed. */
  S3Client client() {
    var http =
        Apache5HttpClient.builder()
            .connectionTimeout(CONNECT_TIMEOUT)
            .socketTimeout(requestTimeout)
            .expectContinueEnabled(false) // A part is sent at once; servers differ in it.
            .maxConnections(MAX_CONNECTIONS);
    S3ClientBuilder builder =
        S3Client.builder()
            .httpClientBuilder(http)
            .serviceConfiguration(service -> service.expectContinueEnabled(false))
            .forcePathStyle(pathStyle)
            .credentialsProvider(credentialsProvider())
            .requestChecksumCalculation(
                checksums
                    ? RequestChecksumCalculation.WHEN_SUPPORTED
                    : RequestChecksumCalculation.WHEN_REQUIRED)
            .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
            .overrideConfiguration(override ->
                override
                    .retryStrategy(StandardRetryStrategy.builder().maxAttempts(tries).build())
                    .apiCallAttemptTimeout(requestTimeout));
    if (endpoint != null) {
      builder.endpointOverride(endpoint);
    }
    if (region != null) {
      builder.region(Region.of(region));
    } else if (endpoint != null) {
      builder.region(Region.US_EAST_1); // Servers other than Amazon's mostly ignore it.
    }
    return builder.build();
  }

  private AwsCredentialsProvider credentialsProvider() {
    return credentials == null
        ? DefaultCredentialsProvider.builder().build()
        : StaticCredentialsProvider.create(credentials);
  }
}
