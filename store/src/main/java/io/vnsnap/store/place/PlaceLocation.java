package io.vnsnap.store.place;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where a place is, as people write it. */
sealed interface PlaceLocation {
  Pattern SCHEME = Pattern.compile("([a-zA-Z][a-zA-Z0-9+.-]*):/.*");
  Pattern S3 = Pattern.compile("s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?");
  Pattern PREFIX_PART = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}");

  /** Longest prefix; a key has at most 1,024 bytes, an object's name at most 403. */
  int MAX_PREFIX = 500;

  /** A directory of this machine, or one that is mounted. */
  record Directory(Path path) implements PlaceLocation {}

  /**
   * A part of a bucket.
   *
   * @param prefix of keys: empty, or ending in a slash
   */
  record Bucket(String name, String prefix) implements PlaceLocation {}

  /**
   * Reads a path, or {@code s3://bucket/prefix}.
   *
   * @throws IllegalArgumentException if it is neither; the message says what to write
   */
  static PlaceLocation parse(String location) {
    Matcher s3 = S3.matcher(location);
    if (s3.matches()) {
      return new Bucket(s3.group(1), prefix(location, s3.group(2)));
    }
    if (location.isBlank() || SCHEME.matcher(location).matches()) {
      throw invalid(location, "it is neither a path nor s3://bucket/prefix");
    }
    try {
      return new Directory(Path.of(location));
    } catch (InvalidPathException e) {
      throw invalid(location, e.getReason());
    }
  }

  private static String prefix(String location, String given) {
    String prefix = given == null ? "" : given.replaceFirst("/$", "");
    if (prefix.isEmpty()) {
      return "";
    }
    if (prefix.length() > MAX_PREFIX) {
      throw invalid(location, "its prefix is longer than " + MAX_PREFIX);
    }
    for (String part : prefix.split("/", -1)) {
      if (!PREFIX_PART.matcher(part).matches()) {
        throw invalid(
            location, "its prefix must be of letters, digits, '.', '_' and '-' between slashes");
      }
    }
    return prefix + "/";
  }

  private static IllegalArgumentException invalid(String location, String why) {
    return new IllegalArgumentException(
        "'%s' is no place for a store: %s. Write a directory, or s3://bucket/prefix"
            .formatted(location, why));
  }
}
