package io.vnsnap.net.frame;

import java.util.ArrayDeque;
import java.util.function.LongSupplier;

/**
 * Gathers everything that was written to during one turn of the event loop, so that each socket is
 * flushed once a batch and not once a frame. Used by the event loop only; holds each of its members
 * at most once.
 */
public final class Flusher {

  /** Something with written but not yet flushed frames. */
  public interface Flushable {
    /** Hands what was written to the kernel. */
    void flushNow();
  }

  private final LongSupplier clock;
  private final ArrayDeque<Flushable> dirty = new ArrayDeque<>();
  private boolean timed;
  private long batchNanos;

  /**
   * Nothing was written yet.
   *
   * @param clock of the event loop, in nanoseconds from an arbitrary start, never running back
   */
  public Flusher(LongSupplier clock) {
    this.clock = clock;
  }

  /** Has it flushed at the end of the batch; called once until then. */
  public void add(Flushable written) {
    dirty.add(written);
  }

  /** When in this batch it was asked for first, by the clock of the event loop. */
  public long batchNanos() {
    if (!timed) {
      timed = true;
      batchNanos = clock.getAsLong();
    }
    return batchNanos;
  }

  /** Ends the batch. */
  public void flush() {
    timed = false;
    for (Flushable next = dirty.poll(); next != null; next = dirty.poll()) {
      next.flushNow();
    }
  }
}
