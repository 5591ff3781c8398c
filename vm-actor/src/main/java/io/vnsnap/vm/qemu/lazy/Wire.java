package io.vnsnap.vm.qemu.lazy;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The two-way connection to a QEMU that takes pages and asks for them. One thread may read while
 * another writes; both block.
 */
public interface Wire {

  /**
   * Reads at least one byte.
   *
   * @param into direct
   * @return bytes read, or -1 when the other side has closed
   */
  int read(ByteBuffer into) throws IOException;

  /**
   * Writes all remaining bytes.
   *
   * @param bytes direct
   */
  void write(ByteBuffer bytes) throws IOException;

  /** Ends both directions: whoever reads or writes returns. For any thread, any number of times. */
  void sever();

  /** Frees it; when nobody reads or writes any more. */
  void close() throws IOException;
}
