package io.vnsnap.vm;

import com.google.protobuf.ByteString;
import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.Loading;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** A machine, its hypervisor and its gates, all of which do what the script says. */
final class ScriptedMachine implements Machine, Hypervisor, Valves {
  /** Where all its sockets are. */
  static final Path NOWHERE = Path.of("/nowhere");

  static final DiskRecord DISK =
      DiskRecord.newBuilder().setName("data").setFile("/frozen").setFormat("qcow2").build();
  static final long STOPPED_AT = 1_000;
  static final long RESUMED_AT = 4_000;
  static final long FRAMES_HELD = 17;

  private final Script script;
  private volatile boolean quietWhenFailing;
  private volatile Arrival arrival = Arrival.OVER;
  private final CompletableFuture<String> exited = new CompletableFuture<>();

  ScriptedMachine(Script script) {
    this.script = script;
  }

  /** The process ends by itself. */
  void exit(String reason) {
    exited.complete(reason);
  }

  @Override
  public CompletionStage<HypervisorDescription> describe() {
    return CompletableFuture.completedStage(new HypervisorDescription("scripted", "1.0.0", ""));
  }

  @Override
  public CompletionStage<Machine> start(MachineSpec spec) {
    return script.step("start", this);
  }

  @Override
  public CompletionStage<Machine> load(MachineSpec spec, ImageReader image) {
    close(image);
    return script.step("load " + spec.disks().size(), this);
  }

  @Override
  public CompletionStage<Machine> load(
      MachineSpec spec,
      CompletionStage<? extends ImageReader> opening,
      Loading loading,
      StartHints hints) {
    return opening.thenCompose(image -> {
      close(image);
      return script.step("load " + spec.disks().size() + " " + loading, this);
    });
  }

  /** From now on its memory comes in. */
  void arrives(Arrival coming) {
    arrival = coming;
  }

  @Override
  public Arrival arrival() {
    return arrival;
  }

  @Override
  public String hypervisor() {
    return "scripted";
  }

  @Override
  public String hypervisorVersion() {
    return "1.0.0";
  }

  @Override
  public long pid() {
    return 4711;
  }

  @Override
  public Path networkSocket(String vnic) {
    return NOWHERE;
  }

  @Override
  public Path consoleSocket() {
    return NOWHERE;
  }

  @Override
  public CompletionStage<String> exited() {
    return exited;
  }

  @Override
  public CompletionStage<Long> resume() {
    return script.step("resume", RESUMED_AT);
  }

  @Override
  public CompletionStage<Long> pause() {
    return script.step("pause", STOPPED_AT);
  }

  @Override
  public CompletionStage<Capture> prepareCapture(
      ImageWriter writer, Supplier<CompletionStage<?>> quiet) {
    close(writer);
    return script
        .<Capture>step("prepareCapture", new ScriptedCapture(quiet))
        .exceptionallyCompose(failed -> quietThenFail(quiet, failed));
  }

  @Override
  public CompletionStage<List<DiskRecord>> freezeDisks(String snapshotId) {
    return script.step("freezeDisks " + snapshotId, List.of(DISK));
  }

  @Override
  public CompletionStage<Void> shutdown() {
    return script.step("shutdown");
  }

  @Override
  public CompletionStage<Void> kill() {
    return script.step("kill");
  }

  @Override
  public CompletionStage<Void> open() {
    return script.step("open");
  }

  @Override
  public CompletionStage<Void> hold(int epoch) {
    return script.step("hold");
  }

  @Override
  public CompletionStage<Void> turnRed(int epoch) {
    return script.step("turnRed " + epoch);
  }

  @Override
  public CompletionStage<Long> release(int epoch) {
    return script.step("release", FRAMES_HELD);
  }

  @Override
  public CompletionStage<Void> abort(int epoch) {
    return script.step("abort " + epoch);
  }

  private static void close(java.io.Closeable resource) {
    try {
      resource.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As QEMU does when it had begun to migrate. */
  private CompletionStage<Capture> quietThenFail(
      Supplier<CompletionStage<?>> quiet, Throwable failed) {
    return quietWhenFailing
        ? quiet.get().handle((done, late) -> failed).thenCompose(CompletableFuture::failedStage)
        : CompletableFuture.failedStage(failed);
  }

  /** From now on a preparation that fails has made the VM's network quiet. */
  void makeQuietWhenFailing() {
    quietWhenFailing = true;
  }

  private final class ScriptedCapture implements Capture {
    private final Supplier<CompletionStage<?>> quiet;
    private boolean started;

    ScriptedCapture(Supplier<CompletionStage<?>> quiet) {
      this.quiet = quiet;
    }

    @Override
    public CompletionStage<Long> start() {
      started = true;
      return script.step("startCapture", RESUMED_AT);
    }

    @Override
    public CompletionStage<ImageWriter.Committed> stored() {
      return script.step(
          "stored", new ImageWriter.Committed(99, ByteString.copyFromUtf8("sum"), "object", 44));
    }

    @Override
    public long bytes() {
      return 55;
    }

    @Override
    public long stalledMicros() {
      return 7;
    }

    @Override
    public CompletionStage<Void> cancel() {
      return started
          ? script.step("cancel")
          : quiet.get().handle((done, late) -> late).thenCompose(done -> script.step("cancel"));
    }
  }
}
