package io.vnsnap.vm.qemu;

import io.netty.channel.unix.Socket;
import io.vnsnap.vm.qemu.lazy.Wire;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;

/** A blocking socket as a {@link Wire}. */
final class SocketWire implements Wire {
  private final Socket socket;
  private final ReentrantLock closing = new ReentrantLock();
  private boolean closed;

  SocketWire(Socket socket) {
    this.socket = socket;
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    int n = socket.read(into, into.position(), into.limit());
    if (n > 0) {
      into.position(into.position() + n);
    }
    return n;
  }

  @Override
  public void write(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      int n = socket.write(bytes, bytes.position(), bytes.limit());
      bytes.position(bytes.position() + n);
    }
  }

  @Override
  public void sever() {
    closing.lock();
    try {
      if (!closed) {
        socket.shutdown(true, true);
      }
    } catch (IOException e) {
      // The other end is gone already, and whoever reads or writes returns by that.
      return;
    } finally {
      closing.unlock();
    }
  }

  @Override
  public void close() throws IOException {
    closing.lock();
    try {
      if (!closed) {
        closed = true;
        socket.close();
      }
    } finally {
      closing.unlock();
    }
  }
}
