package io.vnsnap.store.place;

import java.io.EOFException;
import java.nio.ByteBuffer;
import java.util.regex.Pattern;

/** Which names objects may have, and what may be put and read; the same at every place. */
final class PlaceRules {
  /** Ends the name of a file that is being written; no object's name ends so. */
  static final String PARTIAL = ".partial";

  static final int MAX_PARTS = 4;

  /** More than encryption adds to the longest object that may be put. */
  private static final int ENCRYPTION_BYTES = 64 << 10;

  private static final Pattern PART = Pattern.compile("[a-z0-9][a-z0-9.-]{0,99}");

  private PlaceRules() {}

  /** Refuses a name that no object may have. */
  static void check(String name) {
    String[] parts = name.split("/", -1);
    if (parts.length > MAX_PARTS) {
      throw new IllegalArgumentException(
          "the object name '%s' has more than %d parts".formatted(name, MAX_PARTS));
    }
    for (String part : parts) {
      if (!isPart(part)) {
        throw new IllegalArgumentException(
            "the object name '%s' has a part that is not of [a-z0-9][a-z0-9.-]{0,99}, or ends in %s"
                .formatted(name, PARTIAL));
      }
    }
  }

  /** Refuses what is neither empty nor whole parts with a slash at the end. */
  static void checkPrefix(String prefix) {
    if (prefix.isEmpty()) {
      return;
    }
    if (!prefix.endsWith("/")) {
      throw new IllegalArgumentException(
          "the prefix '%s' does not end with a slash".formatted(prefix));
    }
    check(prefix.substring(0, prefix.length() - 1));
  }

  /** Refuses what is too long for {@link Place#put}, but for what encryption adds. */
  static void checkPut(String name, ByteBuffer content) {
    check(name);
    if (content.remaining() > Place.MAX_PUT_BYTES + ENCRYPTION_BYTES) {
      throw tooMuch(name, content);
    }
  }

  static IllegalArgumentException tooMuch(String name, ByteBuffer content) {
    return new IllegalArgumentException(
        "%d bytes are more than may be put as %s, %d"
            .formatted(content.remaining(), name, Place.MAX_PUT_BYTES));
  }

  /** Refuses to read where an object has nothing. */
  static void checkRange(String object, long bytes, long position, int length) throws EOFException {
    if (position < 0) {
      throw new IllegalArgumentException("negative position %d in %s".formatted(position, object));
    }
    if (length > 0 && position > bytes - length) {
      throw new EOFException(
          "%s ends after %d bytes; %d were asked for from %d on"
              .formatted(object, bytes, length, position));
    }
  }

  static boolean isPart(String part) {
    return PART.matcher(part).matches() && !part.endsWith(PARTIAL);
  }

  /** Whether an object may have the name. */
  static boolean isName(String name) {
    String[] parts = name.split("/", -1);
    if (parts.length > MAX_PARTS) {
      return false;
    }
    for (String part : parts) {
      if (!isPart(part)) {
        return false;
      }
    }
    return true;
  }
}
