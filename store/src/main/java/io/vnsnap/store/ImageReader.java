package io.vnsnap.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Gives one VM's image: any page of its memory in any order, and the rest as a stream. Each byte is
 * checked before it is handed out. Pages may be read by any thread, several at a time; the rest and
 * a {@link PageScan} by one thread each.
 */
public interface ImageReader extends Closeable {

  /** Length of a page of memory. */
  int PAGE_BYTES = 4096;

  /** Length of a block of a disk: what {@link SnapshotStore#readDisk} calls a page. */
  int DISK_BLOCK_BYTES = 65_536;

  /** Length of the content in bytes: memory and rest. */
  long bytes();

  /**
   * A block of memory.
   *
   * @param name as the hypervisor calls it
   * @param bytes its length
   */
  record Block(String name, long bytes) {}

  /** Blocks of memory, in the order in which they were declared. */
  default List<Block> blocks() {
    return List.of();
  }

  /** Whether a page is all zeros; known without reading it. */
  default boolean isZero(int block, long page) {
    throw new UnsupportedOperationException("this store has no pages");
  }

  /**
   * Reads one page.
   *
   * @param into takes the page's content at its position, which moves
   * @throws DamagedSnapshotException if it is not what was written
   */
  default void read(int block, long page, ByteBuffer into) throws IOException {
    throw new UnsupportedOperationException("this store has no pages");
  }

  /** All pages that are not zero, each once, in the order that is fastest to read. */
  default PageScan scan() throws IOException {
    throw new UnsupportedOperationException("this store has no pages");
  }

  /**
   * Reads at least one byte of the rest into the buffer.
   *
   * @return bytes read, or -1 after the last one, and then the digest of all of them was right
   * @throws DamagedSnapshotException if a checksum is wrong or the file is cut short
   */
  int read(ByteBuffer into) throws IOException;

  /**
   * Reads everything, pages and rest, and recomputes every digest, also those that reading takes on
   * trust. Not for use while the rest is read.
   *
   * @throws DamagedSnapshotException if anything is not what was written
   */
  default void verify() throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(1 << 20);
    long bytes = 0;
    for (int n = read(buffer); n >= 0; n = read(buffer.clear())) {
      bytes += n;
    }
    if (bytes != bytes()) {
      throw new DamagedSnapshotException("it has %d bytes of %d".formatted(bytes, bytes()));
    }
  }

  /** Pages one after another. Used by one thread. */
  interface PageScan extends Closeable {

    /** Goes to the next page; false after the last one. */
    boolean next() throws IOException;

    /** Block of the current page. */
    int block();

    /** Number of the current page in its block. */
    long page();

    /** Content of the current page, until the next call of {@link #next}. */
    ByteBuffer content();
  }
}
