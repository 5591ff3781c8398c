package io.vnsnap.vm.qemu.lazy;

import io.vnsnap.store.ImageReader;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Which pages were sent, or are about to be by whoever claimed them: each goes out once, since QEMU
 * does not take one twice. Safe for use by any thread.
 */
final class SentPages {
  private final AtomicLongArray[] words;
  private final long[] pages;
  private final long total;

  SentPages(List<ImageReader.Block> blocks) {
    pages = blocks.stream().mapToLong(block -> block.bytes() / ImageReader.PAGE_BYTES).toArray();
    words = new AtomicLongArray[pages.length];
    long sum = 0;
    for (int i = 0; i < pages.length; i++) {
      words[i] = new AtomicLongArray(Math.toIntExact((pages[i] + Long.SIZE - 1) / Long.SIZE));
      sum += pages[i];
    }
    total = sum;
  }

  /** Number of pages of all blocks. */
  long total() {
    return total;
  }

  /** Number of pages of a block. */
  long pagesOf(int block) {
    return pages[block];
  }

  int blocks() {
    return pages.length;
  }

  /** Whether the page was claimed before. */
  boolean claimed(int block, long page) {
    return (words[block].get(word(page)) & bit(page)) != 0;
  }

  /** Takes it upon the caller to send this page; false if somebody else did before. */
  boolean claim(int block, long page) {
    return (words[block].getAndAccumulate(word(page), bit(page), (old, mask) -> old | mask)
            & bit(page))
        == 0;
  }

  /**
   * The first page from this one on that nobody has claimed.
   *
   * @return the block's number of pages if there is none
   */
  long nextUnclaimed(int block, long from) {
    AtomicLongArray bits = words[block];
    long page = from;
    while (page < pages[block]) {
      long free = ~bits.get(word(page)) >>> (page % Long.SIZE);
      if (free != 0) {
        return Math.min(page + Long.numberOfTrailingZeros(free), pages[block]);
      }
      page = (page / Long.SIZE + 1) * Long.SIZE;
    }
    return pages[block];
  }

  private static int word(long page) {
    return Math.toIntExact(page / Long.SIZE);
  }

  private static long bit(long page) {
    return 1L << (page % Long.SIZE);
  }
}
