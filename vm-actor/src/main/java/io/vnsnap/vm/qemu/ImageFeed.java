package io.vnsnap.vm.qemu;

import io.netty.channel.unix.Socket;
import io.vnsnap.store.ImageReader;
import io.vnsnap.vm.qemu.stream.StreamComposer;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Gives a stored image to a QEMU that waits for one. */
final class ImageFeed {
  private final Socket socket;
  private boolean taken = true;

  private ImageFeed(Socket socket) {
    this.socket = socket;
  }

  /**
   * Writes the whole image to the socket, and reads it to its end even if QEMU stops taking it, so
   * that all of it is checked in any case. Blocks; closes both.
   *
   * @throws IOException if the image is damaged or cannot be read; QEMU's own complaints are not
   *     known here
   */
  static void run(ImageReader image, Socket socket, int bufferBytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(bufferBytes);
    ImageFeed feed = new ImageFeed(socket);
    try (image) {
      StreamComposer.compose(image, buffer, feed::write);
    } finally {
      socket.close();
    }
  }

  private void write(ByteBuffer bytes) {
    try {
      while (taken && bytes.hasRemaining()) {
        int n = socket.write(bytes, bytes.position(), bytes.limit());
        bytes.position(bytes.position() + n);
      }
    } catch (IOException e) {
      taken = false; // What QEMU says about it is told by its end.
    }
  }
}
