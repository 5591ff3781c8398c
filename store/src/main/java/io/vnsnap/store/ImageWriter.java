package io.vnsnap.store;

import com.google.protobuf.ByteString;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Takes one VM's image: memory page by page, in any order, and the rest (devices) as a stream of
 * bytes. Used by one thread. Closing without commit discards what was written.
 *
 * <p>Whatever takes content waits when the disk is slower than the caller and the store's bounded
 * stage is full; {@link #stalledNanos} says how long. What went wrong with earlier content may be
 * thrown by any later call.
 */
public interface ImageWriter extends Closeable {

  /**
   * Declares a block of memory; pages that are never given are zero. Declared before its pages.
   *
   * @param name 1 to 255 bytes of ASCII, unique in the image
   * @param bytes length, a multiple of {@link ImageReader#PAGE_BYTES}
   * @return number of the block, counting from 0
   */
  default int block(String name, long bytes) throws IOException {
    throw new UnsupportedOperationException("this store takes no pages");
  }

  /**
   * Takes one page. One that comes again replaces the earlier one.
   *
   * @param page number of the page in its block, counting from 0
   * @param content one page remaining; taken whole, the buffer may be reused on return
   */
  default void page(int block, long page, ByteBuffer content) throws IOException {
    throw new UnsupportedOperationException("this store takes no pages");
  }

  /** Takes one page of zeros: costs nothing. */
  default void zeroPage(int block, long page) throws IOException {
    throw new UnsupportedOperationException("this store takes no pages");
  }

  /**
   * Takes all remaining bytes of the buffer, next in the rest; the buffer may be reused on return.
   */
  void write(ByteBuffer bytes) throws IOException;

  /** Bytes taken so far: pages, zero pages and the rest. */
  long bytes();

  /** How long calls have waited so far because the stage was full. */
  default long stalledNanos() {
    return 0;
  }

  /** Makes the image durable. After this, only close. */
  Committed commit() throws IOException;

  /**
   * What is now durable.
   *
   * @param bytes length of the content: memory and rest
   * @param sha256 32 bytes that only this content has
   * @param object name of the image in the store; empty where the VM's name says it
   * @param addedBytes what the store grew by
   */
  record Committed(long bytes, ByteString sha256, String object, long addedBytes) {

    /** An image that is found by the VM's name. */
    public Committed(long bytes, ByteString sha256) {
      this(bytes, sha256, "", bytes);
    }
  }
}
