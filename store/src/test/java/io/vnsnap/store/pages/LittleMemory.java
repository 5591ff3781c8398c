package io.vnsnap.store.pages;

import io.vnsnap.proto.ImageRecord;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;

/** A program that stages more than its JVM may take outside the heap, and reads it back. */
final class LittleMemory {
  static final int DIRECT_MIB = 32;
  private static final int PAGES = 2 * DIRECT_MIB * 256;
  private static final int BLOCK = 0;

  private LittleMemory() {}

  /**
   * Ends with 0 if all pages came back.
   *
   * @param arguments an empty directory
   */
  public static void main(String[] arguments) throws IOException {
    try (PageStore store = PageStore.inDirectory(Path.of(arguments[0]), "host-a")) {
      ImageRecord image;
      var target = new ImageTarget("s", "lab", "vm", ImageTarget.Staging.MEMORY);
      try (ImageWriter writer = store.writeImage(target)) {
        int block = writer.block("ram", (long) PAGES * ImageReader.PAGE_BYTES);
        for (int round = 0; round < 2; round++) {
          for (int page = 0; page < PAGES; page++) {
            writer.page(block, page, ByteBuffer.wrap(content(round, page)));
          }
        }
        image = SmallSnapshot.record("vm", writer.commit());
      }
      try (ImageReader reader = store.readImage("s", image)) {
        ByteBuffer page = ByteBuffer.allocate(ImageReader.PAGE_BYTES);
        for (int i = 0; i < PAGES; i++) {
          reader.read(BLOCK, i, page.clear());
          if (!Arrays.equals(page.array(), content(1, i))) {
            throw new IOException("page %d is not what it was".formatted(i));
          }
        }
      }
    }
  }

  private static byte[] content(int round, int page) {
    byte[] content = new byte[ImageReader.PAGE_BYTES];
    new Random((long) round << Integer.SIZE | page).nextBytes(content);
    return content;
  }
}
