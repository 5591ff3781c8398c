package io.vnsnap.store.place;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Opens places by what an operator has written. */
public final class Places {
  private static final String PATH = "vnsnap.store";

  private Places() {}

  /**
   * Checks a location, and makes a path in it absolute.
   *
   * @throws IllegalArgumentException as by {@link #open}
   */
  public static String absolute(String location) {
    return switch (PlaceLocation.parse(location)) {
      case PlaceLocation.Directory(Path path) -> path.toAbsolutePath().normalize().toString();
      case PlaceLocation.Bucket bucket -> location;
    };
  }

  /**
   * Opens a place, encrypted if the configuration has a key. To be closed.
   *
   * @param location a directory, which is made if it is absent, or {@code s3://bucket/prefix}
   * @param config the whole configuration; {@code vnsnap.store} of it is used
   * @throws IllegalArgumentException if location or configuration make no sense; the message says
   *     what to write
   * @throws IOException if the place cannot be reached, or is encrypted otherwise than the
   *     configuration says
   */
  public static Place open(String location, Config config) throws IOException {
    PlaceLocation parsed = PlaceLocation.parse(location);
    Optional<KeySource> keySource;
    Optional<S3Settings> s3;
    try {
      Config store = config.getConfig(PATH);
      keySource = KeySource.of(store.getConfig("encryption"));
      s3 =
          parsed instanceof PlaceLocation.Bucket
              ? Optional.of(S3Settings.of(store.getConfig("s3")))
              : Optional.empty();
    } catch (ConfigException e) {
      throw new IllegalArgumentException(
          "the configuration of %s makes no sense: %s".formatted(PATH, e.getMessage()), e);
    }
    // Before the place is opened: without its key nothing is made there.
    Optional<byte[]> key =
        keySource.isPresent() ? Optional.of(keySource.get().key()) : Optional.empty();
    Place plain =
        switch (parsed) {
          case PlaceLocation.Directory directory -> DirectoryPlace.open(directory.path());
          case PlaceLocation.Bucket bucket ->
              S3Place.open(bucket.name(), bucket.prefix(), s3.orElseThrow());
        };
    return key.isPresent() ? EncryptedPlace.open(plain, key.get()) : unencrypted(plain);
  }

  private static Place unencrypted(Place plain) throws IOException {
    try {
      if (PlaceKeys.isEncrypted(plain)) {
        throw new IOException(
            "the store at %s is encrypted. Give its key in vnsnap.store.encryption (key-file or key-command)"
                .formatted(plain.describe()));
      }
      return plain;
    } catch (IOException | RuntimeException | Error e) {
      try (plain) {
        throw e;
      }
    }
  }
}
