package io.vnsnap.simulation.world;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.SupervisorStrategy;
import akka.actor.typed.Terminated;
import akka.actor.typed.javadsl.Behaviors;
import io.vnsnap.coordinator.LoneCoordinator;
import io.vnsnap.proto.wire.ToHost;
import io.vnsnap.proto.wire.ToVne;
import io.vnsnap.simulation.akka.VirtualSystem;
import io.vnsnap.simulation.kernel.Kernel;
import io.vnsnap.simulation.kernel.SimulatedProcess;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The machine of the VNE's coordinator, whose process can be killed and started again. */
final class SimulatedCoordinator {
  private static final long RESTART_NANOS = 5_000_000;

  private final World world;
  private final Kernel kernel;
  private final String vne;
  private int incarnation;
  private int lives;
  private @Nullable SimulatedProcess process;
  private @Nullable ActorRef<LoneCoordinator.Command> actor;

  SimulatedCoordinator(World world, String vne) {
    this.world = world;
    this.kernel = world.kernel();
    this.vne = vne;
  }

  boolean isAlive() {
    return process != null;
  }

  void start() {
    incarnation++;
    SimulatedProcess begun = kernel.newProcess(World.COORDINATOR + "." + incarnation);
    process = begun;
    kernel.note(begun, "starts");
    startEntity(begun);
  }

  /** A coordinator that fails is started again by its node. */
  private void startEntity(SimulatedProcess begun) {
    LoneCoordinator.Outside outside =
        new LoneCoordinator.Outside(
            VirtualSystem.config(),
            kernel,
            new Random(kernel.newRandom().nextLong()),
            VirtualSystem.JOURNAL,
            VirtualSystem.SNAPSHOTS);
    world
        .system()
        .spawn(
            begun,
            keeper(LoneCoordinator.create(vne, outside), begun),
            "coordinator",
            keeper -> {});
  }

  private Behavior<Void> keeper(
      Behavior<LoneCoordinator.Command> coordinator, SimulatedProcess begun) {
    return Behaviors.setup(context -> {
      ActorRef<LoneCoordinator.Command> child =
          context.spawn(
              Behaviors.supervise(coordinator)
                  .onFailure(Exception.class, SupervisorStrategy.stop()),
              "entity");
      context.watch(child);
      actor = child;
      child.tell(new LoneCoordinator.Reachable(world.reachable()));
      return Behaviors.receive(Void.class)
          .onSignal(
              Terminated.class,
              ended -> {
                lives++;
                kernel.note("the coordinator has failed");
                actor = null;
                kernel.after(RESTART_NANOS, begun, () -> startEntity(begun));
                return Behaviors.stopped();
              })
          .build();
    });
  }

  void hostsChanged(Set<ActorRef<ToHost>> reachable) {
    ActorRef<LoneCoordinator.Command> now = actor;
    if (now != null) {
      now.tell(new LoneCoordinator.Reachable(reachable));
    }
  }

  /**
   * Hands a message over.
   *
   * @return false if there is no coordinator just now, and it is lost
   */
  boolean tell(ToVne message) {
    ActorRef<LoneCoordinator.Command> now = actor;
    if (now == null) {
      return false;
    }
    now.tell(new LoneCoordinator.ForVne(message));
    return true;
  }

  int lives() {
    return lives;
  }

  void kill() {
    SimulatedProcess ended = process;
    if (ended != null) {
      process = null;
      actor = null;
      lives++;
      ended.kill();
      kernel.note(ended, "is killed");
    }
  }
}
