package io.vnsnap.store;

import com.google.protobuf.ByteString;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Takes one VM's image as a stream of bytes. Used by one thread. Closing without commit discards
 * what was written.
 */
public interface ImageWriter extends Closeable {

  /**
   * Takes all remaining bytes of the buffer; the buffer may be reused on return. Waits when the
   * disk is slower than the caller and the writer's bounded stage is full. What went wrong with
   * earlier bytes may be thrown here.
   */
  void write(ByteBuffer bytes) throws IOException;

  /** Bytes taken so far. */
  long bytes();

  /** Makes the image durable. After this, only close. */
  Committed commit() throws IOException;

  /**
   * What is now durable.
   *
   * @param bytes length of the content
   * @param sha256 of the content, 32 bytes
   */
  record Committed(long bytes, ByteString sha256) {}
}
