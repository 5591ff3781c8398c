package io.vnsnap.bench.vm;

import com.typesafe.config.ConfigFactory;
import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.bench.Cleanup;
import io.vnsnap.bench.pause.GuestLoad;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Loading;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.store.pages.PageStore;
import io.vnsnap.vm.BlockingWork;
import io.vnsnap.vm.Capture;
import io.vnsnap.vm.HypervisorException;
import io.vnsnap.vm.Machine;
import io.vnsnap.vm.MachineSpec;
import io.vnsnap.vm.StartHints;
import io.vnsnap.vm.qemu.QemuHypervisor;
import io.vnsnap.vm.qemu.QemuMachine;
import io.vnsnap.vm.qemu.QemuSettings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Production hypervisor and store with settings from the configuration. Used by one thread. */
public final class BenchHost {
  private static final Duration DEADLINE = Duration.ofMinutes(5);
  private static final String NAME = "bench";

  private final Path folder;
  private final ExecutorService blocking = Executors.newCachedThreadPool();
  private final QemuHypervisor hypervisor;
  private final PageStore store;
  private int machines;

  /**
   * A host without machines.
   *
   * @param folder for the store and the machines' folders
   * @param cleanup ends everything
   */
  public BenchHost(Path folder, Cleanup cleanup) throws IOException {
    this.folder = folder;
    hypervisor = new QemuHypervisor(QemuSettings.from(ConfigFactory.load()), blocking);
    store = PageStore.inDirectory(folder.resolve("store"), NAME);
    cleanup.add(this::end);
  }

  /**
   * One stored capture.
   *
   * @param snapshotId under which
   * @param image its record
   * @param pauseMillis STOP to RESUME by QEMU's clock
   * @param wholeMillis from the order to pause until the image was durable
   */
  public record Taken(
      String snapshotId, ImageRecord image, double pauseMillis, double wholeMillis) {}

  /** Boots a guest that runs. */
  public QemuMachine boot(GuestLoad load) throws BenchmarkException, InterruptedException {
    QemuMachine machine = (QemuMachine) await(hypervisor.start(specification(load)));
    long unusedAt = await(machine.resume());
    return machine;
  }

  /** Loads a guest from the store and lets it run. */
  public Machine restore(GuestLoad load, Taken taken)
      throws BenchmarkException, IOException, InterruptedException {
    Machine machine =
        await(
            hypervisor.load(
                specification(load), store.readImage(taken.snapshotId(), taken.image())));
    long unusedAt = await(machine.resume());
    return machine;
  }

  /** As {@link #restore}, before the guest's memory is loaded. */
  public Machine restoreLazily(GuestLoad load, Taken taken)
      throws BenchmarkException, InterruptedException {
    Machine machine =
        await(
            hypervisor.load(
                specification(load),
                BlockingWork.on(blocking, () -> store.readImage(taken.snapshotId(), taken.image())),
                Loading.LAZY,
                new KeptHints(store, taken.image())));
    long unusedAt = await(machine.resume());
    return machine;
  }

  /** Beside the image, as hosts keep them. */
  private record KeptHints(PageStore store, ImageRecord image) implements StartHints {
    @Override
    public Optional<ByteBuffer> read() throws IOException {
      return store.hint(image);
    }

    @Override
    public void keep(ByteBuffer hint) throws IOException {
      store.keepHint(image, hint);
    }
  }

  private MachineSpec specification(GuestLoad load) {
    machines++;
    return new MachineSpec(
        NAME,
        folder.resolve("vm" + machines),
        folder.resolve("disks"),
        load.memoryMib(),
        1,
        new MachineSpec.Boot(load.kernel(), load.initramfs(), load.kernelCommandLine()),
        List.of(),
        List.of());
  }

  /** How QEMU was started, so that another can be started the same way. */
  public static List<String> commandLine(Machine machine) throws IOException {
    Path line = Path.of("/proc", Long.toString(machine.pid()), "cmdline");
    return List.of(Files.readString(line, StandardCharsets.UTF_8).split("\0"));
  }

  /** Captures a running guest, mode INSTANT, as a cut does. */
  public Taken capture(QemuMachine machine, String snapshotId)
      throws BenchmarkException, IOException, InterruptedException {
    ImageWriter writer = store.writeImage(ImageTarget.of(snapshotId, NAME, NAME));
    Capture capture =
        await(machine.prepareCapture(writer, () -> CompletableFuture.completedStage(null)));
    long begun = System.nanoTime();
    long stopped = await(machine.pause());
    long resumed = await(capture.start());
    ImageWriter.Committed image = await(capture.stored());
    double whole = (System.nanoTime() - begun) / 1e6;
    ImageRecord record =
        ImageRecord.newBuilder()
            .setVm(NAME)
            .setBytes(image.bytes())
            .setSha256(image.sha256())
            .setObject(image.object())
            .setAddedBytes(image.addedBytes())
            .setStalledUs(capture.stalledMicros())
            .build();
    return new Taken(snapshotId, record, (resumed - stopped) / 1e3, whole);
  }

  /** Forgets a capture. */
  public void discard(Taken taken) throws IOException {
    store.discard(taken.snapshotId());
  }

  /** Waits for what a machine does. */
  public static <T> T await(CompletionStage<T> stage)
      throws BenchmarkException, InterruptedException {
    try {
      return stage.toCompletableFuture().get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new BenchmarkException(HypervisorException.reason(e), e);
    } catch (TimeoutException e) {
      throw new BenchmarkException("nothing happened for " + DEADLINE.toSeconds() + " s", e);
    }
  }

  private void end() {
    hypervisor.close();
    ProcessHandle.current().children().forEach(ProcessHandle::destroyForcibly);
    blocking.shutdown();
    try {
      store.close();
    } catch (IOException e) {
      System.err.println("bench: the store could not be closed: " + e.getMessage());
    }
  }
}
