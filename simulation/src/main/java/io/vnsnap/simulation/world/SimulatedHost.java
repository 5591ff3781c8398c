package io.vnsnap.simulation.world;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.vnsnap.host.HostActor;
import io.vnsnap.host.HostContext;
import io.vnsnap.net.DataPlane;
import io.vnsnap.net.NetSettings;
import io.vnsnap.proto.HostDescription;
import io.vnsnap.proto.HostReport;
import io.vnsnap.proto.wire.HostKey;
import io.vnsnap.proto.wire.ToHost;
import io.vnsnap.proto.wire.ToVne;
import io.vnsnap.simulation.akka.VirtualSystem;
import io.vnsnap.simulation.kernel.Kernel;
import io.vnsnap.simulation.kernel.SimulatedProcess;
import io.vnsnap.simulation.kernel.VirtualLoop;
import io.vnsnap.simulation.net.VirtualGuestSockets;
import io.vnsnap.simulation.net.VirtualTransport;
import io.vnsnap.vm.VmSettings;
import io.vnsnap.vm.sim.SimulatedEnvironment;
import io.vnsnap.vm.sim.SimulatedHypervisor;
import io.vnsnap.vm.sim.SimulatedSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** A machine with a host process on it, which can be killed and started again. */
final class SimulatedHost {
  private static final int MEMORY_MIB = 64;
  private static final long BLOCKING_NANOS = 300_000;
  private static final Map<String, NetSettings> SETTINGS = new HashMap<>();
  private static final VmSettings VM_SETTINGS = VmSettings.from(VirtualSystem.config());
  private static final SimulatedSettings GUEST_SETTINGS =
      SimulatedSettings.from(VirtualSystem.config());

  private final World world;
  private final Kernel kernel;
  private final String name;
  private int incarnation;
  private @Nullable Life life;

  /**
   * A process from its start to its end.
   *
   * @param reference what coordinators reach it by
   */
  record Life(
      SimulatedProcess process,
      VirtualTransport transport,
      MoodyHypervisor hypervisor,
      Holder<ActorRef<ToHost>> actor,
      Holder<ActorRef<ToHost>> reference,
      Holder<ActorRef<HostDescription>> answers,
      Deque<ActorRef<HostDescription>> askers) {}

  /** Something that is there a little later. */
  static final class Holder<T> {
    private @Nullable T value;

    void set(T now) {
      value = now;
    }

    @Nullable T get() {
      return value;
    }
  }

  SimulatedHost(World world, String name) {
    this.world = world;
    this.kernel = world.kernel();
    this.name = name;
  }

  String name() {
    return name;
  }

  /** Null: it does not run. */
  @Nullable Life life() {
    return life;
  }

  boolean isAlive() {
    return life != null;
  }

  // ---- starting

  void start() {
    incarnation++;
    SimulatedProcess process = kernel.newProcess(name + "." + incarnation);
    life = kernel.as(process, () -> begin(process));
    kernel.note(process, "starts");
  }

  private Life begin(SimulatedProcess process) {
    VirtualLoop loop = new VirtualLoop(kernel, process);
    VirtualTransport transport = new VirtualTransport(kernel, world.wires(), loop, name);
    DataPlane plane;
    try {
      plane = DataPlane.open(settings(name), transport);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Executor blocking =
        work -> kernel.after(world.mischief().duration(BLOCKING_NANOS), process, work);
    VirtualGuestSockets sockets = new VirtualGuestSockets(world.wires(), name, loop);
    MoodyHypervisor hypervisor =
        new MoodyHypervisor(
            new SimulatedHypervisor(
                GUEST_SETTINGS,
                new SimulatedEnvironment(
                    () -> new VirtualLoop(kernel, kernel.newPart(name + ".vm", process)),
                    kernel,
                    sockets,
                    blocking,
                    world.guestSeed(),
                    incarnation)),
            world.mischief());
    Life begun =
        new Life(
            process,
            transport,
            hypervisor,
            new Holder<>(),
            new Holder<>(),
            new Holder<>(),
            new ArrayDeque<>());
    HostContext context =
        new HostContext(
            name,
            MEMORY_MIB,
            Path.of("/nonexistent/run", name),
            Path.of("/nonexistent/disks", name),
            plane,
            new HostContext.Vms(hypervisor, VM_SETTINGS, sockets, kernel::nanos, () -> 0),
            new HostContext.Shared(world.store(), blocking, report -> report(report)));
    world
        .system()
        .spawn(process, HostActor.create(context), "host", actor -> begun.actor().set(actor));
    world.system().spawn(process, answers(begun), "answers", actor -> begun.answers().set(actor));
    world.system().spawn(kernel.outside(), proxyOf(begun), "proxy", proxies -> {});
    return begun;
  }

  private static NetSettings settings(String name) {
    return SETTINGS.computeIfAbsent(
        name,
        host -> {
          Config address =
              ConfigFactory.parseMap(
                  Map.of("vnsnap.net.trunk.address", host, "vnsnap.net.trunk.bind-address", host));
          return NetSettings.from(address.withFallback(VirtualSystem.config()));
        });
  }

  private void report(HostReport report) {
    world.report(name, Words.of(report), new ToVne.Report(report));
  }

  /** An actor with the name that hosts are known by, on the coordinators' side of the network. */
  private Behavior<Void> proxyOf(Life begun) {
    return Behaviors.setup(context -> {
      begun
          .reference()
          .set(
              context.spawn(
                  Behaviors.<ToHost>receiveMessage(message -> {
                    carry(begun, message);
                    return Behaviors.same();
                  }),
                  HostKey.actorName(name)));
      return Behaviors.empty();
    });
  }

  private void carry(Life begun, ToHost message) {
    world
        .post()
        .send(
            World.COORDINATOR,
            name,
            begun.process(),
            Words.of(message),
            () -> deliver(begun, message));
  }

  private void deliver(Life begun, ToHost message) {
    ActorRef<ToHost> actor = begun.actor().get();
    ActorRef<HostDescription> answers = begun.answers().get();
    if (actor == null || answers == null) {
      return;
    }
    if (message instanceof ToHost.Describe describe) {
      begun.askers().add(describe.replyTo());
      actor.tell(new ToHost.Describe(answers));
    } else {
      actor.tell(message);
    }
  }

  /** Takes descriptions back over the network, to those who asked, in the order of their asking. */
  private Behavior<HostDescription> answers(Life begun) {
    return Behaviors.receiveMessage(description -> {
      ActorRef<HostDescription> asker = begun.askers().poll();
      if (asker != null) {
        world
            .post()
            .send(
                name,
                World.COORDINATOR,
                kernel.outside(),
                "description",
                () -> asker.tell(description));
      }
      return Behaviors.same();
    });
  }

  // ---- ending

  void kill() {
    Life ended = life;
    if (ended != null) {
      life = null;
      ended.process().kill();
      world.wires().closeSocketsOf(ended.process());
    }
  }
}
