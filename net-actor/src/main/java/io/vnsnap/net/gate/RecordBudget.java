package io.vnsnap.net.gate;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The heap that the recorded frames of all gates of a host may take together, from when they are
 * recorded until they are stored or given up. Taken piece by piece on the event loop, given back by
 * any thread.
 */
public final class RecordBudget {
  private final long bytes;
  private final AtomicLong left;

  /** All of it is left. */
  public RecordBudget(long bytes) {
    this.bytes = bytes;
    this.left = new AtomicLong(bytes);
  }

  /** Takes so many bytes; false, and none are taken, if fewer are left. */
  boolean take(long wanted) {
    return left.getAndUpdate(now -> now >= wanted ? now - wanted : now) >= wanted;
  }

  void giveBack(long taken) {
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
