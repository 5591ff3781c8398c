package io.vnsnap.vm.sim;

import io.vnsnap.store.ImageWriter;
import io.vnsnap.vm.sim.guest.GuestMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** Copies of pages on their way to the store: filled by one thread and emptied by one, by turns. */
final class PageChunk {
  private static final byte[] ZEROS = new byte[GuestMemory.PAGE];

  private final int[] numbers;
  private final byte[] contents;
  private int count;

  /**
   * @param pages that it holds, at most
   */
  PageChunk(int pages) {
    numbers = new int[pages];
    contents = new byte[pages * GuestMemory.PAGE];
  }

  boolean hasRoom() {
    return count < numbers.length;
  }

  /** Copies a page. */
  void add(int number, byte[] page) {
    numbers[count] = number;
    System.arraycopy(page, 0, contents, count * GuestMemory.PAGE, GuestMemory.PAGE);
    count++;
  }

  /**
   * Gives all pages to the store. Blocks.
   *
   * @param block number of the memory's block
   */
  void writeTo(ImageWriter writer, int block) throws IOException {
    for (int i = 0; i < count; i++) {
      int from = i * GuestMemory.PAGE;
      int to = from + GuestMemory.PAGE;
      if (Arrays.equals(contents, from, to, ZEROS, 0, GuestMemory.PAGE)) {
        writer.zeroPage(block, numbers[i]);
      } else {
        writer.page(block, numbers[i], ByteBuffer.wrap(contents, from, GuestMemory.PAGE));
      }
    }
  }

  /** Makes room for the next pages. */
  void clear() {
    count = 0;
  }
}
