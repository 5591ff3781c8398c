package io.vnsnap.vm.qemu.lazy;

import java.util.concurrent.locks.LockSupport;

/**
 * Keeps pushing from taking processor time from a guest that has just begun to run: while it asks
 * for pages, what nobody asked for waits. Bounded, since a guest may ask for ever.
 */
final class Restraint {
  private static final long LOOK_NANOS = 500_000;

  private final long quietNanos;
  private final long shortestNanos;
  private long patienceNanos;
  private volatile long askedNanos;

  /**
   * @param quietNanos how long nothing must have been asked for
   * @param patienceNanos how long may be waited for that in all
   */
  Restraint(long quietNanos, long patienceNanos) {
    this.quietNanos = quietNanos;
    this.patienceNanos = patienceNanos;
    this.shortestNanos = Math.min(quietNanos, LOOK_NANOS);
    this.askedNanos = System.nanoTime() - quietNanos;
  }

  /** Something was asked for. By one thread. */
  void asked() {
    askedNanos = System.nanoTime();
  }

  /** Blocks until it is quiet, or patience is at its end. By one other thread. */
  void await() {
    long begun = System.nanoTime();
    long now = begun;
    while (now - askedNanos < quietNanos && now - begun < patienceNanos) {
      LockSupport.parkNanos(shortestNanos);
      now = System.nanoTime();
    }
    patienceNanos -= now - begun;
  }
}
