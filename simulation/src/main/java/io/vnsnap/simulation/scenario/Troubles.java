package io.vnsnap.simulation.scenario;

import io.vnsnap.proto.CancelSnapshot;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.simulation.kernel.Kernel;
import io.vnsnap.simulation.world.World;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Draws what goes wrong, and when, while a client waits for something. */
final class Troubles {
  private static final int MILLI = 1_000_000;
  private static final long LONGEST_ABSENCE = 450L * MILLI;

  private final World world;
  private final Kernel kernel;
  private final SplittableRandom random;
  private final int most;
  private final List<Runnable> due = new ArrayList<>();
  private long overAt;
  private boolean cut;

  /**
   * The troubles of one run.
   *
   * @param random of the run; some runs have none at all
   */
  Troubles(World world, SplittableRandom random) {
    this.world = world;
    this.kernel = world.kernel();
    this.random = random;
    this.most = random.nextInt(4);
  }

  /** Something goes wrong, or not, within the next moments. */
  void brew() {
    int number = most == 0 ? 0 : random.nextInt(most + 1);
    for (int i = 0; i < number; i++) {
      long when = random.nextLong(1, 3L << random.nextInt(12, 26));
      int which = random.nextInt(100);
      overAt = Math.max(overAt, kernel.nanos() + when);
      kernel.after(when, kernel.outside(), () -> happen(which));
    }
  }

  private void happen(int which) {
    if (which < 12) {
      killHost(anyHost());
    } else if (which < 26) {
      killCoordinator();
    } else if (which < 45) {
      world.breakConnections(anyHost(), anyHost());
    } else if (which < 58) {
      cutRoute();
    } else if (which < 75) {
      freezeHost();
    } else if (which < 83) {
      world.crashVm(anyHost());
    } else if (which < 90) {
      kernel.note("the journal will fail");
      world.journal().failNext();
    } else {
      cancel();
    }
  }

  private String anyHost() {
    List<String> names = world.hostNames();
    return names.get(random.nextInt(names.size()));
  }

  private void freezeHost() {
    long nanos = random.nextLong(MILLI, 1L << random.nextInt(21, 29));
    overAt = Math.max(overAt, kernel.nanos() + nanos);
    world.freezeHost(anyHost(), nanos);
  }

  private void killHost(String host) {
    world.killHost(host);
    later(random.nextLong(10L * MILLI, LONGEST_ABSENCE), () -> world.startHost(host));
  }

  private void killCoordinator() {
    world.killCoordinator();
    later(random.nextLong(2L * MILLI, LONGEST_ABSENCE), world::startCoordinator);
  }

  /** Starting a process lets events happen, which no event may do. */
  private void later(long nanos, Runnable start) {
    overAt = Math.max(overAt, kernel.nanos() + nanos);
    kernel.after(nanos, kernel.outside(), () -> due.add(start));
  }

  /** Starts what is to be started again; between events. */
  void startDue() {
    while (!due.isEmpty()) {
      due.removeFirst().run();
    }
  }

  /** Whether there is something for {@link #startDue} to do. */
  boolean hasDue() {
    return !due.isEmpty();
  }

  private void cutRoute() {
    String one = random.nextBoolean() ? World.COORDINATOR : anyHost();
    String other = anyHost();
    if (!one.equals(other)) {
      long nanos = random.nextLong(MILLI, 1L << random.nextInt(21, 30));
      overAt = Math.max(overAt, kernel.nanos() + nanos);
      cut = true;
      world.cutRoute(one, other, nanos);
    }
  }

  private void cancel() {
    var unused =
        world.ask(VneRequest.newBuilder().setCancelSnapshot(CancelSnapshot.getDefaultInstance()));
  }

  /** Whether messages may have been lost. */
  boolean cutRoutes() {
    return cut;
  }

  /**
   * When all that was brewed has happened, all that was killed has been started again, and all
   * routes are open; virtual time.
   */
  long overAt() {
    return overAt;
  }
}
