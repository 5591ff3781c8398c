package io.vnsnap.vm.qemu;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.vnsnap.proto.Loading;
import io.vnsnap.store.ImageReader;
import io.vnsnap.vm.BlockingWork;
import io.vnsnap.vm.Hypervisor;
import io.vnsnap.vm.HypervisorDescription;
import io.vnsnap.vm.HypervisorException;
import io.vnsnap.vm.Machine;
import io.vnsnap.vm.MachineSpec;
import io.vnsnap.vm.StartHints;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs VMs as QEMU processes of this user on this machine. */
public final class QemuHypervisor implements Hypervisor, AutoCloseable {
  /** As it goes into image records. */
  public static final String NAME = "qemu";

  private static final Logger log = LoggerFactory.getLogger(QemuHypervisor.class);

  private final QemuSettings settings;
  private final Executor blocking;
  private final EventLoopGroup loops;

  /**
   * @param blocking for work that blocks: up to two threads for each VM that is captured, one for
   *     each that is loaded, for as long as that takes; tasks must not queue behind each other
   */
  public QemuHypervisor(QemuSettings settings, Executor blocking) {
    this.settings = settings;
    this.blocking = blocking;
    this.loops =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("vnsnap-qmp", true), EpollIoHandler.newFactory());
  }

  @Override
  public CompletionStage<HypervisorDescription> describe() {
    return BlockingWork.on(blocking, () -> QemuProbe.describe(settings));
  }

  @Override
  public CompletionStage<Machine> start(MachineSpec spec) {
    return launch(spec, false, machine -> CompletableFuture.completedStage(null));
  }

  @Override
  public CompletionStage<Machine> load(MachineSpec spec, ImageReader image) {
    return load(spec, CompletableFuture.completedStage(image), Loading.FULL, StartHints.NONE);
  }

  @Override
  public CompletionStage<Machine> load(
      MachineSpec spec,
      CompletionStage<? extends ImageReader> opening,
      Loading loading,
      StartHints hints) {
    CompletableFuture<Void> handedOver = new CompletableFuture<>();
    return launch(
            spec,
            true,
            machine ->
                opening.thenCompose(image -> {
                  handedOver.complete(null);
                  return machine.onLoop(() -> machine.load(image, loading, hints));
                }))
        .whenCompleteAsync(
            (machine, failed) -> {
              if (failed != null && !handedOver.isDone()) {
                opening.thenAccept(image -> close(image, spec));
              }
            },
            work -> BlockingWork.surely(blocking, work));
  }

  /** Ends the event loop. Machines that still run go on uncontrolled: end them before. */
  @Override
  public void close() {
    var unused = loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  private CompletionStage<Machine> launch(
      MachineSpec spec, boolean incoming, Function<QemuMachine, CompletionStage<Void>> then) {
    return BlockingWork.on(blocking, () -> spawn(spec, incoming))
        .thenCompose(machine ->
            machine
                .connect()
                .thenCompose(done -> then.apply(machine))
                .<Machine>thenApply(done -> machine)
                .exceptionallyCompose(failed -> abandon(machine, spec, failed)));
  }

  private QemuMachine spawn(MachineSpec spec, boolean incoming) {
    try {
      return spawnOrThrow(spec, incoming);
    } catch (HypervisorException e) {
      throw new CompletionException(e);
    } catch (IOException e) {
      throw new CompletionException(
          new HypervisorException("VM " + spec.name() + " could not be started", e));
    }
  }

  private QemuMachine spawnOrThrow(MachineSpec spec, boolean incoming)
      throws HypervisorException, IOException {
    QemuDisks disks = new QemuDisks(spec, settings);
    try {
      String unreadable = spec.unreadableFile();
      if (unreadable != null) {
        throw new HypervisorException(unreadable);
      }
      PrivateFolder.make(spec.folder());
      disks.makeFolder();
      disks.create();
      QemuProcess process =
          QemuProcess.start(
              spec.name(), QemuCommandLine.of(spec, disks, settings, incoming), spec.folder());
      EventLoop loop = loops.next();
      return new QemuMachine(spec, settings, process, disks, loop, blocking);
    } catch (HypervisorException | IOException e) {
      disks.remove();
      PrivateFolder.remove(spec.folder());
      if (e instanceof IOException) {
        throw new HypervisorException(
            "QEMU cannot be run as " + settings.binary() + " (Debian package qemu-system-x86)", e);
      }
      throw e;
    }
  }

  /** When the process died, its own last words tell more than that its socket is gone. */
  private static CompletionStage<Machine> abandon(
      QemuMachine machine, MachineSpec spec, Throwable failed) {
    boolean died = !machine.process().alive();
    return machine
        .kill()
        .thenCompose(done -> machine.exited())
        .thenCompose(how -> {
          Throwable cause = HypervisorException.unwrap(failed);
          boolean image = cause instanceof IOException && !died;
          String why = died && !image ? how : HypervisorException.reason(cause);
          return CompletableFuture.failedStage(
              new HypervisorException(
                  "VM " + spec.name() + " could not be started: " + why, cause));
        });
  }

  private static void close(ImageReader image, MachineSpec spec) {
    try {
      image.close();
    } catch (IOException e) {
      log.warn("VM {}: image not closed: {}", spec.name(), e.toString());
    }
  }
}
