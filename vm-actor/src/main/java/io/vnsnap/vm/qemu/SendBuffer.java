package io.vnsnap.vm.qemu;

import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * How much QEMU can write into its end of the stream before somebody reads: what its socket keeps.
 * The setting belongs to the socket, which this end and QEMU's copy share. As long as it is open
 * here, the stream does not end when QEMU closes it. On the machine's event loop.
 */
final class SendBuffer {
  /**
   * From so much that writer and reader do not take turns for every page, down to so little that
   * QEMU is never far ahead of the reader; the kernel takes what it needs more.
   */
  private static final int[] WIDTHS_BYTES = {64 * 1024, 16 * 1024, 4 * 1024};

  /** Enough for QEMU not to wait for the reader in the pause, mostly; root gets so much. */
  private static final int LARGE_BYTES = 32 << 20;

  private final Socket socket;
  private final List<Width> widths;
  private int kept;
  private boolean closed;

  /**
   * How wide it may be.
   *
   * @param asked bytes, as they are set
   * @param kept bytes that it keeps at most then
   */
  record Width(int asked, int kept) {}

  /**
   * Makes it small.
   *
   * @param socket QEMU's end; closed by {@link #close}
   */
  SendBuffer(Socket socket) throws IOException {
    this.socket = socket;
    List<Width> measured = new ArrayList<>();
    for (int bytes : WIDTHS_BYTES) {
      socket.setSendBufferSize(bytes);
      kept = socket.getSendBufferSize();
      measured.add(new Width(bytes, kept));
    }
    this.widths = List.copyOf(measured);
  }

  /** How wide it may be made, the widest first; with the last one it is small. */
  List<Width> widths() {
    return widths;
  }

  /** Bytes that it keeps at most now, unless it has {@linkplain #grow grown}. */
  int kept() {
    return kept;
  }

  /** Takes effect for what is written from now on. */
  void set(Width width) throws IOException {
    if (!closed) {
      socket.setSendBufferSize(width.asked());
      kept = width.kept();
    }
  }

  /** For reading to the end. */
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
