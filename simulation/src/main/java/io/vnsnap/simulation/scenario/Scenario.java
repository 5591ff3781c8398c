package io.vnsnap.simulation.scenario;

import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.Down;
import io.vnsnap.proto.GetStatus;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.Phase;
import io.vnsnap.proto.Restore;
import io.vnsnap.proto.TakeSnapshot;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.Up;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.proto.VneStatus;
import io.vnsnap.simulation.akka.VirtualSystem;
import io.vnsnap.simulation.kernel.Kernel;
import io.vnsnap.simulation.world.Call;
import io.vnsnap.simulation.world.World;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One run: a client's requests to one VNE, in an order drawn from the seed, with troubles
 * meanwhile; then rest, and the checks.
 */
public final class Scenario {
  private static final List<CaptureMode> MODES =
      List.of(CaptureMode.AUTO, CaptureMode.INSTANT, CaptureMode.ROUNDS, CaptureMode.ROUNDS);

  private static final String VNE = "vne";
  private static final long MILLI = 1_000_000;
  private static final long PATIENCE = 9_000 * MILLI;
  private static final long QUICK = 300 * MILLI;

  /** After this, the cluster knows who is there. */
  private static final long NOTICED = 100 * MILLI;

  /** After this, whatever was lost on the way has been said again. */
  private static final long REPEATS = 1_100 * MILLI;

  private static final int MOST_TRIES = 12;

  private final Kernel kernel;
  private final SplittableRandom random;
  private final World world;
  private final Troubles troubles;
  private final Checks checks;
  private final Topology topology;

  /**
   * A run that has not begun.
   *
   * @param kernel at the beginning of it
   */
  public Scenario(Kernel kernel, VirtualSystem system) {
    this.kernel = kernel;
    this.random = kernel.newRandom();
    List<String> hosts = List.of("a", "b", "d").subList(0, 2 + random.nextInt(2));
    this.world = new World(kernel, system, VNE, hosts);
    this.troubles = new Troubles(world, random.split());
    this.topology = Topologies.draw(VNE, random.split());
    this.checks = new Checks(world);
  }

  /** Runs it to its end; throws a {@link Violation} if something is wrong. */
  public void run() {
    world.start();
    pass(100 * MILLI);
    for (int steps = 3 + random.nextInt(5); steps > 0; steps--) {
      step();
    }
    comeToRest();
    checks.everySnapshotBalances();
    List<Manifest> sealed = new ArrayList<>(world.store().list().snapshots());
    if (sealed.isEmpty()) {
      bringUp();
      checks.guestsAreWell();
    } else {
      sealed.forEach(this::restoreAndCheck);
    }
    Manifest last = takeSnapshotAtRest();
    checks.everySnapshotBalances();
    checks.guestsAreWell();
    if (random.nextInt(3) == 0) {
      restoreAndCheck(last);
    }
    takeDown();
    checks.nothingIsLeft();
  }

  /** What has happened so far. */
  public Tally tally() {
    return Tally.of(world);
  }

  // ---- what a client does

  private void step() {
    VneStatus status = status();
    if (status == null) {
      pass(50 * MILLI);
      return;
    }
    troubles.brew();
    List<Manifest> sealed = world.store().list().snapshots();
    int which = random.nextInt(100);
    switch (status.getPhase()) {
      case DOWN -> {
        if (sealed.isEmpty() || which < 50) {
          await(askUp());
        } else {
          await(askRestore(any(sealed)));
        }
      }
      case RUNNING -> whileRunning(sealed, which);
      case DEGRADED -> {
        if (sealed.isEmpty() || which < 30) {
          await(askDown());
        } else {
          await(askRestore(any(sealed)));
        }
      }
      default -> pass(50 * MILLI);
    }
  }

  private void whileRunning(List<Manifest> sealed, int which) {
    pass(random.nextLong(30 * MILLI));
    if (which < 60 || sealed.isEmpty()) {
      for (int number = 1 + random.nextInt(2); number > 0; number--) {
        await(askSnapshot());
      }
    } else if (which < 80) {
      await(askRestore(any(sealed)));
    } else if (which < 90) {
      Call restore = askRestore(any(sealed));
      pass(random.nextLong(20 * MILLI));
      Call snapshot = askSnapshot();
      await(restore);
      await(snapshot);
    } else if (which < 96) {
      Call snapshot = askSnapshot();
      pass(random.nextLong(20 * MILLI));
      Call down = askDown();
      await(snapshot);
      await(down);
    } else {
      await(askDown());
    }
  }

  private Manifest any(List<Manifest> sealed) {
    return sealed.get(random.nextInt(sealed.size()));
  }

  private Call askUp() {
    return world.ask(VneRequest.newBuilder().setUp(Up.newBuilder().setTopology(topology)));
  }

  private Call askDown() {
    return world.ask(VneRequest.newBuilder().setDown(Down.getDefaultInstance()));
  }

  private Call askSnapshot() {
    return world.ask(
        VneRequest.newBuilder()
            .setTakeSnapshot(
                TakeSnapshot.newBuilder()
                    .setStrict(random.nextInt(4) == 0)
                    .setMode(MODES.get(random.nextInt(MODES.size())))));
  }

  private Call askRestore(Manifest manifest) {
    Map<String, String> placement = new TreeMap<>();
    List<String> hosts = world.hostNames();
    for (VmSpec vm : topology.getVmsList()) {
      if (random.nextInt(3) == 0) {
        placement.put(vm.getName(), hosts.get(random.nextInt(hosts.size())));
      }
    }
    return world.ask(
        VneRequest.newBuilder()
            .setRestore(Restore.newBuilder().setManifest(manifest).putAllPlacement(placement)));
  }

  private @Nullable VneStatus status() {
    Call call = world.ask(VneRequest.newBuilder().setGetStatus(GetStatus.getDefaultInstance()));
    run(call, QUICK);
    VneReply reply = call.reply();
    return reply == null ? null : reply.getStatus();
  }

  /** Waits for an answer. Only a coordinator that was killed or has failed may give none. */
  private void await(Call call) {
    run(call, PATIENCE);
    if (!isOver(call)) {
      throw new Violation("nobody answers " + call.what());
    }
  }

  private void run(Call call, long nanos) {
    runUntil(() -> isOver(call), nanos);
  }

  private boolean isOver(Call call) {
    return call.isAnswered() || call.isLost() || world.coordinatorLives() != call.coordinatorLife();
  }

  private void pass(long nanos) {
    runUntil(() -> false, nanos);
  }

  private void runUntil(BooleanSupplier condition, long nanos) {
    long end = kernel.nanos() + nanos;
    while (!kernel.runUntil(() -> troubles.hasDue() || condition.getAsBoolean(), end)) {
      if (!troubles.hasDue()) {
        return;
      }
      troubles.startDue();
    }
    if (troubles.hasDue()) {
      troubles.startDue();
      runUntil(condition, Math.max(0, end - kernel.nanos()));
    }
  }

  // ---- rest

  private void comeToRest() {
    kernel.note("====== come to rest");
    while (troubles.overAt() > kernel.nanos()) {
      pass(troubles.overAt() - kernel.nanos());
    }
    boolean reportsWereLost = world.mischief().losesMessages() || troubles.cutRoutes();
    world.mischief().end();
    pass(Math.max(0, world.messagesArriveAt() - kernel.nanos()));
    pass(reportsWereLost ? REPEATS : NOTICED);
    world.journal().behave();
    awaitIdle();
  }

  /** The coordinator ends what it is doing, by itself, within its deadlines. */
  private VneStatus awaitIdle() {
    long end = kernel.nanos() + PATIENCE;
    while (kernel.nanos() < end) {
      VneStatus status = status();
      if (status != null && isIdle(status)) {
        return status;
      }
      pass(50 * MILLI);
    }
    throw new Violation("the VNE does not come to rest: " + status());
  }

  private static boolean isIdle(VneStatus status) {
    Phase phase = status.getPhase();
    return status.getStep().isEmpty()
        && (phase == Phase.DOWN || phase == Phase.RUNNING || phase == Phase.DEGRADED);
  }

  /** Whatever has happened: at rest, what a client asks for works. */
  private void restoreAndCheck(Manifest manifest) {
    kernel.note("====== restore " + manifest.getSnapshotId() + " and check");
    Call restore = askRestore(manifest);
    await(restore);
    VneReply reply = restore.reply();
    if (reply == null || !reply.hasRestored()) {
      throw new Violation("at rest, " + restore);
    }
    checks.guestsAreWell();
  }

  private void bringUp() {
    for (int tries = 0; tries < MOST_TRIES; tries++) {
      VneStatus status = awaitIdle();
      switch (status.getPhase()) {
        case RUNNING -> {
          return;
        }
        case DOWN -> await(askUp());
        default -> await(askDown());
      }
    }
    throw new Violation("at rest, the VNE cannot be brought up: " + status());
  }

  private Manifest takeSnapshotAtRest() {
    kernel.note("====== last snapshot");
    Call call = askSnapshot();
    await(call);
    VneReply reply = call.reply();
    if (reply == null || !reply.hasSnapshotTaken()) {
      throw new Violation("at rest, " + call);
    }
    return reply.getSnapshotTaken().getManifest();
  }

  private void takeDown() {
    kernel.note("====== down");
    Call call = askDown();
    await(call);
    VneReply reply = call.reply();
    if (reply == null || !reply.hasStatus() || reply.getStatus().getPhase() != Phase.DOWN) {
      throw new Violation("at rest, " + call);
    }
    pass(200 * MILLI);
  }
}
