package io.vnsnap.shell.demo;

import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/** Waits, on the demo's own thread, until something is there; never without a deadline. */
final class Await {
  private final Duration poll;

  Await(Duration poll) {
    this.poll = poll;
  }

  /** Looks once. Empty: not yet. */
  interface Probe<T> {
    Optional<T> look() throws DemoFailure, InterruptedException;
  }

  /**
   * Waits.
   *
   * @param what is awaited, for the failure's message: "vm1 to boot"
   * @param lately what was last seen of it, asked for when the deadline has passed
   */
  <T> T until(String what, Duration deadline, Probe<T> probe, Supplier<String> lately)
      throws DemoFailure, InterruptedException {
    long end = System.nanoTime() + deadline.toNanos();
    while (true) {
      Optional<T> found = probe.look();
      if (found.isPresent()) {
        return found.get();
      }
      if (System.nanoTime() - end > 0) {
        throw new DemoFailure(
            "waited %d s for %s; %s".formatted(deadline.toSeconds(), what, lately.get()));
      }
      Thread.sleep(poll.toMillis());
    }
  }
}
