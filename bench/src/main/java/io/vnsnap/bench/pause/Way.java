package io.vnsnap.bench.pause;

import io.vnsnap.bench.BenchmarkException;
import java.io.IOException;

/** A way to take a running guest's state. Used by one thread. */
interface Way {

  /** In tables and JSON, e.g. {@code stop-and-copy}. */
  String name();

  /** For a person: what is done. */
  String description();

  /**
   * Takes the guest's state once; the guest runs before and after.
   *
   * @param round from 1
   */
  Pause measure(int round) throws BenchmarkException, IOException, InterruptedException;
}
