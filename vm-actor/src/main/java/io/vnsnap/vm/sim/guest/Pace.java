package io.vnsnap.vm.sim.guest;

/**
 * Lets so many things happen per second of the guest's clock.
 *
 * @param due now, in things times nanoseconds per second
 * @param rate things per second
 * @param most that is taken at a time
 */
record Pace(Word due, long rate, long most) {
  private static final long SECOND = 1_000_000_000;

  /** Time passes. At most what it brings, and as much again as is taken at a time, stays due. */
  void pass(long elapsed) {
    due.set(Math.min(due.get(), most * SECOND) + rate * elapsed);
  }

  /** Whether so many may happen now. */
  boolean allows(long amount) {
    return due.get() / SECOND >= amount;
  }

  void take(long amount) {
    due.add(-amount * SECOND);
  }
}
