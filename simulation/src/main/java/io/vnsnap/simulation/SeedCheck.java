package io.vnsnap.simulation;

import java.util.function.LongFunction;

/**
 * Says what is wrong with a seed's run; nothing if all is well. With types that are the same in all
 * class loaders.
 */
public final class SeedCheck implements LongFunction<String> {
  private final Simulation simulation = new Simulation();

  /** One for each thread. */
  public SeedCheck() {}

  @Override
  public String apply(long seed) {
    return simulation.run(seed, null).failure();
  }
}
