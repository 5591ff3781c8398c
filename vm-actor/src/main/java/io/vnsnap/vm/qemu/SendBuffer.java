package io.vnsnap.vm.qemu;

import io.netty.channel.unix.Socket;
import java.io.IOException;

/**
 * How much QEMU can write into its end of the stream before somebody reads: what its socket keeps.
 * The setting belongs to the socket, which this end and QEMU's copy share. As long as it is open
 * here, the stream does not end when QEMU closes it. On the machine's event loop.
 */
final class SendBuffer {
  /** Little, so that QEMU is never far ahead of the reader; the kernel takes what it needs more. */
  private static final int SMALL_BYTES = 4096;

  /** Enough for QEMU not to wait for the reader in the pause, mostly; root gets so much. */
  private static final int LARGE_BYTES = 32 << 20;

  private final Socket socket;
  private final int small;
  private boolean closed;

  /**
   * Makes it small.
   *
   * @param socket QEMU's end; closed by {@link #close}
   */
  SendBuffer(Socket socket) throws IOException {
    this.socket = socket;
    socket.setSendBufferSize(SMALL_BYTES);
    this.small = socket.getSendBufferSize();
  }

  /** Bytes that it keeps at most while small. */
  int smallBytes() {
    return small;
  }

  void grow() throws IOException {
    if (!closed) {
      LocalSockets.setSendBuffer(socket, LARGE_BYTES);
    }
  }

  /** May be called again. */
  void close() throws IOException {
    if (!closed) {
      closed = true;
      socket.close();
    }
  }
}
