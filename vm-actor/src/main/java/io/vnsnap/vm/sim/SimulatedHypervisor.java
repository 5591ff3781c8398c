package io.vnsnap.vm.sim;

import io.netty.channel.EventLoop;
import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.ImageReader;
import io.vnsnap.vm.Hypervisor;
import io.vnsnap.vm.HypervisorDescription;
import io.vnsnap.vm.HypervisorException;
import io.vnsnap.vm.Machine;
import io.vnsnap.vm.MachineSpec;
import io.vnsnap.vm.sim.guest.GuestMemory;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs VMs as programs inside this JVM; the kernel command line chooses the program. Kernel and
 * initramfs are not looked at; disks are refused.
 */
public final class SimulatedHypervisor implements Hypervisor {
  /** As it goes into image records. */
  public static final String NAME = "simulated";

  /** Of guests and their memory's layout: an image is loaded by the version that made it. */
  public static final String VERSION = "1";

  private static final Logger log = LoggerFactory.getLogger(SimulatedHypervisor.class);
  private static final int PAGES_PER_MIB = (1 << 20) / GuestMemory.PAGE;

  private final SimulatedSettings settings;
  private final SimulatedEnvironment environment;

  /**
   * A hypervisor without a VM.
   *
   * @param environment outlives all machines
   */
  public SimulatedHypervisor(SimulatedSettings settings, SimulatedEnvironment environment) {
    this.settings = settings;
    this.environment = environment;
  }

  @Override
  public CompletionStage<HypervisorDescription> describe() {
    return CompletableFuture.completedStage(new HypervisorDescription(NAME, VERSION, ""));
  }

  @Override
  public CompletionStage<Machine> start(MachineSpec spec) {
    return launch(
        spec,
        () -> {
          makeFolder(spec);
          return new Loaded(memory(spec), SimulatedImage.Devices.NONE);
        });
  }

  @Override
  public CompletionStage<Machine> load(MachineSpec spec, ImageReader image) {
    AtomicBoolean taken = new AtomicBoolean();
    return launch(
            spec,
            () -> {
              taken.set(true);
              try (image) {
                makeFolder(spec);
                return Loaded.read(memory(spec), image);
              }
            })
        .whenComplete((machine, failed) -> {
          if (!taken.get()) {
            close(image, spec);
          }
        });
  }

  private static void close(ImageReader image, MachineSpec spec) {
    try {
      image.close();
    } catch (IOException e) {
      log.warn("VM {}: image not closed: {}", spec.name(), e.toString());
    }
  }

  private interface Preparation {
    Loaded run() throws IOException, HypervisorException;
  }

  private CompletionStage<Machine> launch(MachineSpec spec, Preparation preparation) {
    EventLoop loop = environment.loops().get();
    return prepared(preparation)
        .thenComposeAsync(loaded -> open(spec, loaded, loop), loop)
        .exceptionallyCompose(failed ->
            removeFolder(spec)
                .thenCompose(removed ->
                    CompletableFuture.failedStage(
                        new HypervisorException(
                            "VM "
                                + spec.name()
                                + " could not be started: "
                                + HypervisorException.reason(failed),
                            HypervisorException.unwrap(failed)))));
  }

  private CompletionStage<Loaded> prepared(Preparation preparation) {
    try {
      return CompletableFuture.supplyAsync(() -> run(preparation), environment.blocking());
    } catch (RejectedExecutionException e) {
      return CompletableFuture.failedStage(
          new HypervisorException("this host does as much at a time as it may", e));
    }
  }

  private static Loaded run(Preparation preparation) {
    try {
      return preparation.run();
    } catch (IOException | HypervisorException e) {
      throw new CompletionException(e);
    }
  }

  private void makeFolder(MachineSpec spec) throws IOException, HypervisorException {
    if (!spec.disks().isEmpty()) {
      throw new HypervisorException(
          "a simulated VM has no disks; take them out of the topology, or run it on QEMU");
    }
    environment.sockets().makeFolder(spec.folder());
  }

  private static GuestMemory memory(MachineSpec spec) {
    return new GuestMemory(
        (int) Math.min((long) spec.memoryMib() * PAGES_PER_MIB, GuestMemory.MAX_PAGES));
  }

  /** On the event loop. */
  private CompletionStage<Machine> open(MachineSpec spec, Loaded loaded, EventLoop loop) {
    SimulatedMachine machine =
        new SimulatedMachine(spec, settings, environment, loop, loaded.memory(), loaded.devices());
    if (machine.board().guest().hasBooted() && !machine.board().guest().fitsItsMemory()) {
      return CompletableFuture.failedStage(
          new DamagedSnapshotException(
              "the image was captured of a VM with another command line, memory or VNICs,"
                  + " or with other receive-pages"));
    }
    return machine
        .listen()
        .<Machine>thenApply(done -> machine)
        .exceptionallyCompose(
            failed -> machine.kill().thenCompose(ended -> CompletableFuture.failedStage(failed)));
  }

  /** Never fails. */
  private CompletionStage<Void> removeFolder(MachineSpec spec) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    Runnable removal =
        () -> {
          try {
            environment.sockets().removeFolder(spec.folder());
          } catch (IOException e) {
            log.warn("folder {} could not be removed: {}", spec.folder(), e.toString());
          }
          done.complete(null);
        };
    try {
      environment.blocking().execute(removal);
    } catch (RejectedExecutionException e) {
      log.warn("folder {} could not be removed: {}", spec.folder(), e.toString());
      done.complete(null);
    }
    return done;
  }
}
