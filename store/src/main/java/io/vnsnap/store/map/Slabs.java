package io.vnsnap.store.map;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Pieces of memory outside the heap, all of one length, kept for whoever needs one next because the
 * JVM frees them late. Safe for use by several threads.
 */
public final class Slabs {
  /** Length of a slab in bytes. */
  public static final int BYTES = 256 << 10;

  private final int mostKept;
  private final Deque<ByteBuffer> kept = new ArrayDeque<>();
  private long inUse;
  private long peak;

  /**
   * Begins with none.
   *
   * @param mostKeptBytes most bytes kept while nobody uses them
   */
  public Slabs(long mostKeptBytes) {
    this.mostKept = (int) (mostKeptBytes / BYTES);
  }

  /** A slab with undefined content. */
  public ByteBuffer take() {
    synchronized (this) {
      inUse++;
      peak = Math.max(peak, inUse);
      ByteBuffer slab = kept.poll();
      if (slab != null) {
        return slab.clear();
      }
    }
    return ByteBuffer.allocateDirect(BYTES);
  }

  /** A slab of zeros. */
  public ByteBuffer takeZeroed() {
    ByteBuffer slab = take();
    for (int at = 0; at < BYTES; at += Long.BYTES) {
      slab.putLong(at, 0);
    }
    return slab;
  }

  /** The caller must not touch the slab afterwards. */
  public synchronized void giveBack(ByteBuffer slab) {
    inUse--;
    if (kept.size() < mostKept) {
      kept.push(slab);
    }
  }

  /** Most bytes that were in use at a time. */
  public synchronized long peakBytes() {
    return peak * BYTES;
  }

  /** Bytes in use. */
  public synchronized long bytesInUse() {
    return inUse * BYTES;
  }
}
