package io.vnsnap.bench.pause;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.bench.Cleanup;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.vm.MachineSpec;
import io.vnsnap.vm.VmActor;
import io.vnsnap.vm.VmEvent;
import io.vnsnap.vm.VmSettings;
import io.vnsnap.vm.qemu.QemuHypervisor;
import io.vnsnap.vm.qemu.QemuSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One VM as a host of VNsnap runs it: production VM actor, hypervisor and store, settings from the
 * configuration; without VNICs. Used by one thread.
 */
final class OurVm implements AutoCloseable {
  static final String NAME = "bench";

  private static final int MAX_EVENTS = 1000;
  private static final Duration EVENT_DEADLINE = Duration.ofMinutes(3);
  private static final Duration END_DEADLINE = Duration.ofSeconds(10);

  private final BlockingQueue<VmEvent> events = new ArrayBlockingQueue<>(MAX_EVENTS);
  private final ExecutorService blocking = Executors.newCachedThreadPool();
  private final QemuHypervisor hypervisor;
  private final ActorSystem<VmActor.Command> system;
  private final VmEvent.Loaded loaded;

  private OurVm(MachineSpec spec, SnapshotStore store, Cleanup cleanup)
      throws BenchmarkException, InterruptedException {
    Config config =
        ConfigFactory.parseString("akka.loglevel = WARNING").withFallback(ConfigFactory.load());
    hypervisor = new QemuHypervisor(QemuSettings.from(config), blocking);
    var surroundings =
        new VmActor.Surroundings(
            "bench",
            "bench",
            hypervisor,
            store,
            new NoValves(),
            blocking,
            System::nanoTime,
            () -> 0,
            VmSettings.from(config));
    system = ActorSystem.create(guardian(surroundings), "vnsnap-bench", config);
    cleanup.add(this::close);
    tell(new VmActor.Start(spec, Optional.empty()));
    loaded = await(VmEvent.Loaded.class);
  }

  /** Starts a VM that is paused before its first instruction. */
  static OurVm start(MachineSpec spec, SnapshotStore store, Cleanup cleanup)
      throws BenchmarkException, InterruptedException {
    return new OurVm(spec, store, cleanup);
  }

  /** The VM actor, and beside it the owner that gets its reports. */
  private Behavior<VmActor.Command> guardian(VmActor.Surroundings surroundings) {
    return Behaviors.setup(context -> {
      ActorRef<VmEvent> owner = context.spawn(Behaviors.receiveMessage(this::report), "owner");
      ActorRef<VmActor.Command> vm = context.spawn(VmActor.create(NAME, surroundings, owner), "vm");
      return Behaviors.receiveMessage(command -> {
        vm.tell(command);
        return Behaviors.same();
      });
    });
  }

  private Behavior<VmEvent> report(VmEvent event) {
    if (!(event instanceof VmEvent.Progress) && !events.offer(event)) {
      throw new IllegalStateException("more than " + MAX_EVENTS + " reports were not looked at");
    }
    return Behaviors.same();
  }

  void tell(VmActor.Order order) {
    system.tell(order);
  }

  /** The next report, which must be of this type. */
  <E extends VmEvent> E await(Class<E> type) throws BenchmarkException, InterruptedException {
    VmEvent event = events.poll(EVENT_DEADLINE.toSeconds(), TimeUnit.SECONDS);
    if (event == null) {
      throw new BenchmarkException(
          "VNsnap did not report %s within %d s"
              .formatted(type.getSimpleName(), EVENT_DEADLINE.toSeconds()));
    }
    if (!type.isInstance(event)) {
      throw new BenchmarkException("VNsnap reported " + event);
    }
    return type.cast(event);
  }

  String version() {
    return loaded.version();
  }

  /** How QEMU was started, so that another can be started the same way. */
  List<String> commandLine() throws IOException {
    Path line = Path.of("/proc", Long.toString(loaded.pid()), "cmdline");
    return List.of(Files.readString(line, StandardCharsets.UTF_8).split("\0"));
  }

  @Override
  public void close() {
    system.terminate();
    try {
      var unusedDone =
          system
              .getWhenTerminated()
              .toCompletableFuture()
              .get(END_DEADLINE.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      System.err.println("bench: the VM actor did not end in time: " + e);
    }
    hypervisor.close();
    blocking.shutdown();
    killChildren();
    try {
      // One that was being started shows only when its starter is done.
      boolean unusedDone = blocking.awaitTermination(END_DEADLINE.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    killChildren();
  }

  /** Whatever QEMU this process has started, whether or not its actor got to know of it. */
  private static void killChildren() {
    ProcessHandle.current().children().forEach(ProcessHandle::destroyForcibly);
  }
}
