package io.vnsnap.store.pages;

import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;

/** Lets the JVM compile what a store does to pages, without a trace. */
public final class WarmUp {
  /** Enough for the compiler to have seen every loop often. */
  private static final int PAGES = 20_000;

  /** Every so many pages the content repeats. */
  private static final int DISTINCT = 12_000;

  /** Of a page is compressible. */
  private static final int HALF = ImageReader.PAGE_BYTES / 2;

  private static final long SMALL = 8L << 20;

  private WarmUp() {}

  /** Stores two images in a store that forgets them; blocks for about a second. */
  public static void run() throws IOException {
    StoreSettings defaults = StoreSettings.defaults("warm-up");
    StoreSettings settings =
        new StoreSettings(
            "warm-up",
            SMALL,
            SMALL,
            SMALL,
            SMALL,
            SMALL,
            SMALL,
            defaults.chunkBytes(),
            defaults.threads(),
            defaults.level());
    try (PageStore store = PageStore.open(new ForgetfulPlace(), settings)) {
      for (String id : new String[] {"first", "second"}) {
        try (ImageWriter writer = store.writeImage(ImageTarget.of(id, "warm-up", "none"))) {
          write(writer, new Random(1));
          ImageWriter.Committed unused = writer.commit();
        }
      }
    }
  }

  private static void write(ImageWriter writer, Random random) throws IOException {
    int block = writer.block("ram", (long) PAGES * ImageReader.PAGE_BYTES);
    byte[] content = new byte[HALF];
    ByteBuffer page = ByteBuffer.allocateDirect(ImageReader.PAGE_BYTES);
    for (int i = 0; i < PAGES; i++) {
      if (i < DISTINCT) {
        random.nextBytes(content);
      }
      writer.page(block, i, page.clear().put(content).clear());
    }
  }
}
