package io.vnsnap.vm.qemu.stream;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Takes the parts of a migration stream in the order in which they come: blocks, pages, outline,
 * rest. Called by the thread that feeds the {@link StreamParser}, from within its calls.
 */
public interface StreamSink {

  /**
   * A block of memory; its number is how many came before it. All blocks come before any page.
   *
   * @param name 1 to 255 printable characters of ASCII, unique in the stream
   * @param bytes length, a multiple of the page's
   */
  void block(String name, long bytes) throws IOException;

  /**
   * A page of memory; the last one of a page counts.
   *
   * @param block number of the block
   * @param page number of the page in its block
   * @param content one page remaining; only until this returns, and part of a larger buffer
   */
  void page(int block, long page, ByteBuffer content) throws IOException;

  /** A page of memory that is all zeros. */
  void zeroPage(int block, long page) throws IOException;

  /** All pages have come. Called once, before any of the rest. */
  void outline(StreamOutline outline) throws IOException;

  /**
   * Devices, end mark and description, as they are; the next bytes of them.
   *
   * @param bytes at least one remaining; only until this returns
   */
  void rest(ByteBuffer bytes) throws IOException;
}
