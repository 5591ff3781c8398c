package io.vnsnap.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Gives one VM's image as a stream of bytes, each checked before it is handed out. Used by one
 * thread.
 */
public interface ImageReader extends Closeable {

  /** Length of the content in bytes. */
  long bytes();

  /**
   * Reads at least one byte into the buffer.
   *
   * @return bytes read, or -1 after the last one, and then the digest of the whole content was
   *     right
   * @throws DamagedSnapshotException if a checksum is wrong or the file is cut short
   */
  int read(ByteBuffer into) throws IOException;
}
