package io.vnsnap.vm.qemu;

import io.netty.channel.unix.Socket;
import io.vnsnap.store.ImageReader;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Gives a stored image to a QEMU that waits for one. */
final class ImageFeed {

  private ImageFeed() {}

  /**
   * Writes the whole image to the socket, and reads it to its end even if QEMU stops taking it, so
   * that its digest is checked in any case. Blocks; closes both.
   *
   * @throws IOException if the image is damaged or cannot be read; QEMU's own complaints are not
   *     known here
   */
  static void run(ImageReader image, Socket socket, int bufferBytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(bufferBytes);
    boolean taken = true;
    try (image) {
      while (image.read(buffer.clear()) >= 0) {
        taken = taken && write(socket, buffer.flip());
      }
    } finally {
      socket.close();
    }
  }

  /** Returns whether QEMU still reads. */
  private static boolean write(Socket socket, ByteBuffer buffer) {
    try {
      while (buffer.hasRemaining()) {
        int n = socket.write(buffer, buffer.position(), buffer.limit());
        buffer.position(buffer.position() + n);
      }
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
