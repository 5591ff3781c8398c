package io.vnsnap.bench.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;

/**
 * An image as memory may look like, the same for the same seed: stretches of pages, 40 % zero, 20 %
 * repeated, and 40 % of mixed compressibility, a quarter of those each: random, words, structures
 * with pointers, and mostly empty.
 */
final class SyntheticImage {
  static final int PAGE = 4096;
  private static final int PERCENT = 100;
  private static final int ZERO = 40;
  private static final int REPEATED = 20;
  private static final int DISTINCT_REPEATED = 2000;
  private static final int LONGEST_STRETCH = 64;
  private static final int BUFFER_PAGES = 256;
  private static final int KINDS = 4;

  private static final String[] WORDS =
      ("the of and to in is that for it as was with be by on not he his but at are this have from"
              + " or had an they which one you were all her she there would their we him been has"
              + " when who will no more if out so up said what its about than into them can only")
          .split(" ");

  private final long seed;
  private final int pages;

  SyntheticImage(long seed, int pages) {
    this.seed = seed;
    this.pages = pages;
  }

  int pages() {
    return pages;
  }

  /** Writes the image to a file. */
  void write(Path file) throws IOException {
    Random random = new Random(seed);
    byte[][] repeated = repeated(random);
    try (FileChannel out = create(file)) {
      ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_PAGES * PAGE);
      int written = 0;
      while (written < pages) {
        int stretch = Math.min(pages - written, 1 + random.nextInt(LONGEST_STRETCH));
        int kind = random.nextInt(PERCENT);
        for (int i = 0; i < stretch; i++) {
          buffer.put(content(kind, random, repeated));
          written++;
          if (!buffer.hasRemaining()) {
            flush(out, buffer);
          }
        }
      }
      flush(out, buffer);
    }
  }

  /** Writes a later image: a part of the pages have content like any page's instead of theirs. */
  void writeChanged(Path from, Path to, double part) throws IOException {
    byte[][] repeated = repeated(new Random(seed));
    Random random = new Random(seed + 1);
    try (FileChannel in = FileChannel.open(from);
        FileChannel out = create(to)) {
      ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_PAGES * PAGE);
      while (in.read(buffer) > 0) {
        for (int at = 0; at < buffer.position(); at += PAGE) {
          if (random.nextDouble() < part) {
            buffer.put(at, content(random.nextInt(PERCENT), random, repeated));
          }
        }
        flush(out, buffer);
      }
    }
  }

  private static byte[][] repeated(Random random) {
    byte[][] repeated = new byte[DISTINCT_REPEATED][];
    for (int i = 0; i < DISTINCT_REPEATED; i++) {
      repeated[i] = distinct(random);
    }
    return repeated;
  }

  private static byte[] content(int percent, Random random, byte[][] repeated) {
    if (percent < ZERO) {
      return new byte[PAGE];
    }
    return percent < ZERO + REPEATED
        ? repeated[random.nextInt(DISTINCT_REPEATED)]
        : distinct(random);
  }

  private static FileChannel create(Path file) throws IOException {
    return FileChannel.open(
        file,
        StandardOpenOption.CREATE,
        StandardOpenOption.WRITE,
        StandardOpenOption.TRUNCATE_EXISTING);
  }

  private static void flush(FileChannel out, ByteBuffer buffer) throws IOException {
    buffer.flip();
    while (buffer.hasRemaining()) {
      int unused = out.write(buffer);
    }
    buffer.clear();
  }

  private static byte[] distinct(Random random) {
    byte[] page = new byte[PAGE];
    ByteBuffer content = ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN);
    switch (random.nextInt(KINDS)) {
      case 0 -> random.nextBytes(page);
      case 1 -> words(random, content);
      case 2 -> structures(random, content);
      default -> mostlyEmpty(random, content);
    }
    return page;
  }

  private static void words(Random random, ByteBuffer page) {
    while (page.hasRemaining()) {
      String word = WORDS[random.nextInt(WORDS.length)];
      for (int i = 0; i < word.length() && page.hasRemaining(); i++) {
        page.put((byte) word.charAt(i));
      }
      if (page.hasRemaining()) {
        page.put((byte) ' ');
      }
    }
  }

  private static void structures(Random random, ByteBuffer page) {
    long base = 0xffff_8880_0000_0000L | (long) random.nextInt(1 << 16) << 20;
    while (page.hasRemaining()) {
      page.putLong(base + (long) random.nextInt(1 << 14) * 64);
      page.putLong(random.nextInt(16));
      page.putLong(0);
      page.putLong(random.nextLong() & 0xffff_ffffL);
    }
  }

  private static void mostlyEmpty(Random random, ByteBuffer page) {
    for (int i = 0; i < 32; i++) {
      page.putLong(random.nextInt(PAGE / Long.BYTES) * Long.BYTES, random.nextLong());
    }
  }
}
