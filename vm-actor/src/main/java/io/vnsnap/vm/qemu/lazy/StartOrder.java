package io.vnsnap.vm.qemu.lazy;

import io.vnsnap.store.ImageReader;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * In which order guests that were started from an image needed its pages: runs of adjacent pages.
 * It goes beside the image as a hint for the next start, and may be lost or wrong at no harm but to
 * speed. Immutable.
 *
 * <p>As bytes: magic, number of runs (u32 each); for each run the block (u8), its pages (u16), and
 * its first page (u40).
 */
final class StartOrder {
  /** Most pages kept: what a guest needs later than that may come later. */
  static final int MAX_PAGES = 8192;

  /** Longest run, in pages. */
  static final int MAX_RUN = 0xffff;

  static final StartOrder UNKNOWN = new StartOrder(new long[0]);

  private static final int MAGIC = 0x564e534f; // "VNSO"
  private static final int MAX_BLOCKS = 256;
  private static final long MAX_PAGE = 1L << 40;
  private static final int HEADER_BYTES = 2 * Integer.BYTES;

  private final long[] runs;

  private StartOrder(long[] runs) {
    this.runs = runs;
  }

  int runs() {
    return runs.length;
  }

  int block(int run) {
    return (int) (runs[run] >>> 56);
  }

  int pages(int run) {
    return (int) (runs[run] >>> 40) & MAX_RUN;
  }

  long first(int run) {
    return runs[run] & (MAX_PAGE - 1);
  }

  long pages() {
    long sum = 0;
    for (int run = 0; run < runs.length; run++) {
      sum += pages(run);
    }
    return sum;
  }

  /** This order, and after it that of a start in which it was not enough. */
  StartOrder then(StartOrder later) {
    long left = MAX_PAGES - pages();
    int take = 0;
    while (take < later.runs.length && left >= later.pages(take)) {
      left -= later.pages(take++);
    }
    long[] both = Arrays.copyOf(runs, runs.length + take);
    System.arraycopy(later.runs, 0, both, runs.length, take);
    return new StartOrder(both);
  }

  ByteBuffer encode() {
    ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES + runs.length * Long.BYTES);
    out.putInt(MAGIC).putInt(runs.length);
    out.asLongBuffer().put(runs);
    return out.rewind();
  }

  /** Reads what {@link #encode} wrote; empty if it is not an order of pages of these blocks. */
  static Optional<StartOrder> decode(ByteBuffer in, List<ImageReader.Block> blocks) {
    ByteBuffer bytes = in.slice();
    if (bytes.remaining() < HEADER_BYTES || bytes.getInt() != MAGIC) {
      return Optional.empty();
    }
    int count = bytes.getInt();
    if (count < 0 || count > MAX_PAGES || bytes.remaining() != count * Long.BYTES) {
      return Optional.empty();
    }
    long[] runs = new long[count];
    bytes.asLongBuffer().get(runs);
    StartOrder order = new StartOrder(runs);
    return order.fits(blocks) ? Optional.of(order) : Optional.empty();
  }

  private boolean fits(List<ImageReader.Block> blocks) {
    for (int run = 0; run < runs.length; run++) {
      if (pages(run) == 0
          || block(run) >= blocks.size()
          || first(run) + pages(run) > blocks.get(block(run)).bytes() / ImageReader.PAGE_BYTES) {
        return false;
      }
    }
    return pages() <= MAX_PAGES;
  }

  /** Notes an order while a guest starts. Used by one thread. */
  static final class Recorder {
    private long[] runs = new long[256];
    private int count;
    private long pages;

    /**
     * These pages were needed, or lie beside one that was.
     *
     * @param length at most {@link #MAX_RUN}
     */
    void needed(int block, long first, int length) {
      if (length == 0 || pages + length > MAX_PAGES || block >= MAX_BLOCKS || first >= MAX_PAGE) {
        return;
      }
      pages += length;
      if (count > 0 && follows(block, first, length)) {
        runs[count - 1] += (long) length << 40;
        return;
      }
      if (count == runs.length) {
        runs = Arrays.copyOf(runs, count * 2);
      }
      runs[count++] = (long) block << 56 | (long) length << 40 | first;
    }

    private boolean follows(int block, long first, int length) {
      StartOrder last = new StartOrder(new long[] {runs[count - 1]});
      return last.block(0) == block
          && last.first(0) + last.pages(0) == first
          && last.pages(0) + length <= MAX_RUN;
    }

    StartOrder order() {
      return new StartOrder(Arrays.copyOf(runs, count));
    }
  }
}
