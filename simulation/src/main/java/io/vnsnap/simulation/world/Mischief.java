package io.vnsnap.simulation.world;

import io.vnsnap.simulation.kernel.Kernel;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * How slow and how unreliable the parts of a world are. Drawn once for each run, so that many runs
 * have few faults and some have many; and all off when the world is to come to rest.
 */
public final class Mischief {
  private static final int ALWAYS = 1000;

  private final Kernel kernel;
  private final SplittableRandom random;
  private int faults;
  private int slowness;
  private int losses;

  /** Drawn from the run's seed. */
  public Mischief(Kernel kernel) {
    this.kernel = kernel;
    this.random = kernel.newRandom();
    this.faults = random.nextInt(3) == 0 ? 1 + random.nextInt(40) : 0;
    this.slowness = random.nextInt(3) == 0 ? 10 + random.nextInt(60) : 2;
    this.losses = random.nextInt(8) == 0 ? 1 + random.nextInt(15) : 0;
  }

  /** From now on everything works. */
  public void end() {
    faults = 0;
    slowness = 0;
    losses = 0;
  }

  /** Whether this step fails. */
  boolean fails() {
    return faults > 0 && random.nextInt(ALWAYS) < faults;
  }

  /** Whether this message is lost. */
  boolean loses() {
    return losses > 0 && random.nextInt(ALWAYS) < losses;
  }

  /** Whether messages are lost at all. */
  public boolean losesMessages() {
    return losses > 0;
  }

  /** Whether something happened that nobody can know. */
  boolean coin() {
    return random.nextBoolean();
  }

  /** Nanoseconds that a step takes which usually takes so many; now and then very long. */
  long duration(long usualNanos) {
    long some = usualNanos / 2 + random.nextLong(usualNanos);
    return slowness > 0 && random.nextInt(ALWAYS) < slowness
        ? some * (10 + random.nextInt(90))
        : some;
  }

  /** Does something after the time it takes, in the process that asks now. */
  <T> CompletionStage<T> delayed(long usualNanos, Supplier<CompletionStage<T>> work) {
    CompletableFuture<T> result = new CompletableFuture<>();
    kernel.after(
        duration(usualNanos),
        kernel.current(),
        () ->
            work.get()
                .whenComplete((value, failed) -> {
                  if (failed != null) {
                    result.completeExceptionally(failed);
                  } else {
                    result.complete(value);
                  }
                }));
    return result;
  }
}
