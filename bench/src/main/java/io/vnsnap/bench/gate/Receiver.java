package io.vnsnap.bench.gate;

import io.vnsnap.bench.BenchmarkException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A guest that takes all it is given, at once and always, as QEMU does. */
final class Receiver {
  private static final int READ_BYTES = 256 * 1024;
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);
  private static final long LOOK_AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final SocketChannel socket;
  private volatile long bytes;
  private volatile long lastNanos;
  private volatile boolean ended;
  private volatile long wanted = Long.MAX_VALUE;
  private volatile @Nullable Thread waiter;

  /** Starts to read. */
  Receiver(SocketChannel socket) {
    this.socket = socket;
    Thread.ofPlatform().daemon().name("bench-receiver").start(this::read);
  }

  private void read() {
    ByteBuffer buffer = ByteBuffer.allocateDirect(READ_BYTES);
    long total = 0;
    try {
      for (int count = socket.read(buffer); count >= 0; count = socket.read(buffer)) {
        buffer.clear();
        lastNanos = System.nanoTime();
        total += count;
        bytes = total;
        if (total >= wanted) {
          LockSupport.unpark(waiter);
        }
      }
    } catch (IOException e) {
      if (socket.isOpen()) {
        System.err.println("bench: the receiving guest: " + e.getMessage());
      }
    }
    ended = true;
  }

  /**
   * Waits until at most so many bytes of the first {@code total} ones are missing. For one thread
   * at a time.
   */
  void awaitMissing(long total, long missing) throws BenchmarkException {
    long end = System.nanoTime() + PATIENCE_NANOS;
    waiter = Thread.currentThread();
    wanted = total - missing;
    while (bytes < total - missing) {
      LockSupport.parkNanos(this, LOOK_AGAIN_NANOS);
      if (ended || System.nanoTime() > end) {
        throw new BenchmarkException(
            "%d of %d bytes have not arrived".formatted(total - bytes, total));
      }
    }
    wanted = Long.MAX_VALUE;
  }

  /** When the last bytes came that have come; to be called when all have. */
  long lastNanos() {
    return lastNanos;
  }
}
