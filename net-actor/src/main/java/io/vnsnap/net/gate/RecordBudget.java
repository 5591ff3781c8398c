package io.vnsnap.net.gate;

import java.lang.ref.SoftReference;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The heap that the recorded frames of all gates of a host may take together, from when they are
 * recorded until they are stored or given up. Taken piece by piece on the event loop, given back by
 * any thread. Large pieces are kept for the next cut, for as long as the JVM has memory to spare:
 * fresh memory costs an event loop, and the garbage collector beside it, more than the copy of the
 * frames.
 */
public final class RecordBudget {
  /** The size of a piece that is kept for the next cut. */
  static final int LARGE_PIECE_BYTES = 256 * 1024;

  private final long bytes;
  private final AtomicLong left;

  /** Never more of them than fit the budget. */
  private final Queue<SoftReference<byte[]>> spare = new ConcurrentLinkedQueue<>();

  /** All of it is left. */
  public RecordBudget(long bytes) {
    this.bytes = bytes;
    this.left = new AtomicLong(bytes);
  }

  /**
   * Takes a piece.
   *
   * @return the caller's until it is given back, with any content; null, and nothing is taken, if
   *     less is left
   */
  byte @Nullable [] take(int size) {
    if (left.getAndUpdate(now -> now >= size ? now - size : now) < size) {
      return null;
    }
    return size == LARGE_PIECE_BYTES ? spareOrNew() : new byte[size];
  }

  private byte[] spareOrNew() {
    for (SoftReference<byte[]> next = spare.poll(); next != null; next = spare.poll()) {
      byte[] piece = next.get();
      if (piece != null) {
        return piece;
      }
    }
    return new byte[LARGE_PIECE_BYTES];
  }

  /** Gives a piece back that nobody reads or writes any more. */
  void giveBack(byte[] piece) {
    if (piece.length == LARGE_PIECE_BYTES) {
      spare.add(new SoftReference<>(piece));
    }
    giveUp(piece.length);
  }

  /** Gives pieces back that somebody may still read: they are not taken again. */
  void giveUp(long taken) {
    left.addAndGet(taken);
  }

  /** Bytes that all gates may take together. */
  public long bytes() {
    return bytes;
  }

  /** Bytes that are left now. */
  public long left() {
    return left.get();
  }
}
