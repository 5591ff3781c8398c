package io.vnsnap.bench.gate;

import io.vnsnap.bench.BenchmarkException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;

/** Frames from one guest to another: as fast as they go, or one at a time. Used by one thread. */
final class Traffic {
  /** Address of the sending card. */
  static final String SENDER = "52:54:00:00:00:00";

  /** Address of the receiving card. */
  static final String RECEIVER = "52:54:00:00:00:01";

  private static final int LENGTH_BYTES = 4;
  private static final int WRITE_BYTES = 64 * 1024;
  private static final long WINDOW = 256 * 1024;
  private static final byte[] HEADER = {0x52, 0x54, 0, 0, 0, 1, 0x52, 0x54, 0, 0, 0, 0, 0x08, 0x00};

  private final SocketChannel from;
  private final Receiver to;
  private long sentBytes;

  Traffic(SocketChannel from, SocketChannel to) {
    this.from = from;
    this.to = new Receiver(to);
  }

  private static ByteBuffer frames(int count, int length) {
    ByteBuffer frames = ByteBuffer.allocateDirect(count * (LENGTH_BYTES + length));
    for (int i = 0; i < count; i++) {
      frames.putInt(length).put(HEADER).put(new byte[length - HEADER.length]);
    }
    return frames.flip();
  }

  /**
   * Sends as fast as the receiver takes them, at most a window ahead of it.
   *
   * @param length of a frame in bytes, without checksum
   * @return nanoseconds from the first byte sent to the last one received
   */
  long burst(int count, int length) throws BenchmarkException, IOException {
    int framed = LENGTH_BYTES + length;
    int perWrite = Math.max(1, WRITE_BYTES / framed);
    ByteBuffer batch = frames(perWrite, length);
    long start = System.nanoTime();
    for (int left = count; left > 0; left -= perWrite) {
      batch.clear().limit(Math.min(left, perWrite) * framed);
      to.awaitMissing(sentBytes, WINDOW);
      send(batch);
    }
    to.awaitMissing(sentBytes, 0);
    return to.lastNanos() - start;
  }

  /**
   * Sends one frame at a time, each when the one before has arrived and a pause has passed.
   *
   * @return nanoseconds that each took, in ascending order
   */
  long[] pings(int count, int length, long pauseNanos) throws BenchmarkException, IOException {
    ByteBuffer frame = frames(1, length);
    long[] times = new long[count];
    for (int i = 0; i < count; i++) {
      LockSupport.parkNanos(pauseNanos);
      long start = System.nanoTime();
      send(frame.clear());
      to.awaitMissing(sentBytes, 0);
      times[i] = to.lastNanos() - start;
    }
    Arrays.sort(times);
    return times;
  }

  private void send(ByteBuffer frames) throws IOException {
    sentBytes += frames.remaining();
    while (frames.hasRemaining()) {
      int unused = from.write(frames);
    }
  }
}
