package io.vnsnap.store.record;

import io.vnsnap.store.place.Place;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;

/** The object that says that a place is a store, and of which version. */
public final class FormatObject {
  private static final int VERSION = 2;
  private static final String WORD = ObjectNames.FORMAT + " ";
  private static final String CONTENT = WORD + VERSION + "\n";
  private static final int MAX_BYTES = 64;

  private FormatObject() {}

  /** Checks it, or writes it into an empty place. */
  public static void ensure(Place place) throws IOException {
    String content;
    try {
      content = read(place);
    } catch (NoSuchFileException e) {
      var strangers = place.list("");
      if (!strangers.isEmpty() && !strangers.getFirst().name().equals(ObjectNames.FORMAT)) {
        throw new IOException(
            "%s is no snapshot store, and not empty (it has %s). Name another place"
                .formatted(place.describe(), strangers.getFirst().name()));
      }
      place.put(ObjectNames.FORMAT, StandardCharsets.US_ASCII.encode(CONTENT));
      content = read(place);
    }
    check(place, content);
  }

  private static void check(Place place, String content) throws IOException {
    if (content.equals(CONTENT)) {
      return;
    }
    if (content.equals(WORD + "1\n")) {
      throw new IOException(
          ("%s is a store of version 1, with one file per image; this program reads version %d."
                  + " Name another place for new snapshots, and keep the old program for the old"
                  + " ones")
              .formatted(place.describe(), VERSION));
    }
    if (content.matches(WORD + "[0-9]{1,9}\n")) {
      throw new IOException(
          "%s is a store of version %s, this program reads version %d. Use the program that wrote it"
              .formatted(place.describe(), content.substring(WORD.length()).trim(), VERSION));
    }
    throw Damage.of(
        place, "format object", ObjectNames.FORMAT, "it should say '%s'".formatted(CONTENT.trim()));
  }

  private static String read(Place place) throws IOException {
    try (Place.Input in = place.open(ObjectNames.FORMAT)) {
      ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(in.bytes(), MAX_BYTES));
      in.read(bytes, 0);
      return StandardCharsets.US_ASCII.decode(bytes.flip()).toString();
    } catch (EOFException e) {
      return "";
    }
  }
}
