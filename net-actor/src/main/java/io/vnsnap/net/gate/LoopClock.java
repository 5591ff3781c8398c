package io.vnsnap.net.gate;

/** Time on an event loop, handed in so that the gates also run under a simulated one. */
public interface LoopClock {

  /** Time in nanoseconds from an arbitrary start, never running back. */
  long nanos();

  /**
   * When the batch began to arrive that is being taken in; costs less than {@link #nanos}. Only
   * while frames arrive.
   */
  default long batchNanos() {
    return nanos();
  }

  /** Runs the task on the event loop after the delay; the result cancels it. */
  Timer after(long delayNanos, Runnable task);

  /** Something that is due later. */
  @FunctionalInterface
  interface Timer {
    /** Makes sure that it does not run, unless it has. */
    void cancel();
  }
}
