package io.vnsnap.vm.sim;

import io.netty.util.concurrent.Ticker;

/** A guest's clock: runs while the guest does. Used on the machine's event loop. */
final class GuestClock {
  private final Ticker ticker;
  private long passed;
  private long startedAt;
  private boolean running;

  GuestClock(Ticker ticker, long passed) {
    this.ticker = ticker;
    this.passed = passed;
  }

  void start() {
    running = true;
    startedAt = ticker.nanoTime();
  }

  void stop() {
    passed = nanos();
    running = false;
  }

  /** Nanoseconds that the guest has run. */
  long nanos() {
    return running ? passed + ticker.nanoTime() - startedAt : passed;
  }
}
