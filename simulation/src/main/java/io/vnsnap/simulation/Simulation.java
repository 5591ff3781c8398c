package io.vnsnap.simulation;

import io.netty.util.ResourceLeakDetector;
import io.vnsnap.simulation.akka.VirtualSystem;
import io.vnsnap.simulation.kernel.Kernel;
import io.vnsnap.simulation.kernel.Trace;
import io.vnsnap.simulation.scenario.Scenario;
import io.vnsnap.simulation.scenario.Tally;
import io.vnsnap.simulation.scenario.Violation;
import org.jspecify.annotations.Nullable;

/** Runs scenarios on one thread, which must always be the same. */
public final class Simulation {
  /**
   * Runs after which the actor system, in which all actors of all runs are left, is thrown away.
   */
  private static final int RUNS_OF_A_SYSTEM = 200;

  static {
    RunLog.install();
    // Buffers are counted; looking for who forgot one takes time.
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
  }

  private final Kernel kernel = Kernel.ofThread();
  private @Nullable VirtualSystem system;
  private int runs;

  /** Nothing is run yet. Takes over the log of the whole process. */
  public Simulation() {
    RunLog.install();
  }

  /** Runs the scenario of a seed. */
  public Result run(long seed, @Nullable Trace trace) {
    VirtualSystem used = system;
    if (used == null || runs % RUNS_OF_A_SYSTEM == 0) {
      kernel.begin(0, null);
      used = new VirtualSystem(kernel);
      system = used;
      warmUp(used);
    }
    runs++;
    RunLog.read(trace != null);
    kernel.begin(seed, trace);
    String failure = "";
    Scenario scenario = new Scenario(kernel, used);
    try {
      scenario.run();
    } catch (RuntimeException e) {
      failure = String.valueOf(e.getMessage());
      if (!(e instanceof Violation)) {
        failure = e.toString();
        kernel.note("threw " + e);
      }
    }
    if (failure.isEmpty() && !kernel.errors().isEmpty()) {
      failure = kernel.errors().getFirst();
    }
    if (!failure.isEmpty()) {
      kernel.note("FAILED: " + failure);
    }
    return new Result(
        seed, failure, kernel.fingerprint(), kernel.events(), kernel.nanos(), scenario.tally());
  }

  /** What the system makes when it is first needed must be there, or the next run would differ. */
  private void warmUp(VirtualSystem fresh) {
    kernel.begin(0, null);
    try {
      new Scenario(kernel, fresh).run();
    } catch (Violation found) {
      kernel.note("this run does not count: " + found.getMessage());
    }
  }

  /**
   * What a run came to.
   *
   * @param failure one line; empty: all was well
   * @param fingerprint equal for equal runs
   * @param events that happened
   * @param nanos of virtual time
   * @param tally of what it put to the test
   */
  public record Result(
      long seed, String failure, long fingerprint, long events, long nanos, Tally tally) {
    /** Whether something was wrong. */
    public boolean failed() {
      return !failure.isEmpty();
    }
  }
}
