package io.vnsnap.bench.restore;

import io.vnsnap.bench.BenchmarkException;
import java.io.IOException;

/** A way to bring one captured guest back. Used by one thread. */
interface Way {

  /** In tables and JSON, e.g. {@code file}. */
  String name();

  /** For a person: what is done. */
  String description();

  /** Brings the guest back, sees that it works on with its memory intact, and ends it. */
  Restored measure() throws BenchmarkException, IOException, InterruptedException;

  /**
   * One measurement.
   *
   * @param runningMillis from the order until the guest ran
   * @param answeredMillis from the order until it had answered on its console
   */
  record Restored(double runningMillis, double answeredMillis) {}
}
