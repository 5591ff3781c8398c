package io.vnsnap.vm;

import com.google.protobuf.ByteString;
import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.Loading;
import io.vnsnap.proto.RoundRecord;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.store.SnapshotStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/** A machine, its hypervisor and its gates, all of which do what the script says. */
final class ScriptedMachine implements Machine, Hypervisor, Valves {
  /** Where all its sockets are. */
  static final Path NOWHERE = Path.of("/nowhere");

  static final DiskRecord DISK =
      DiskRecord.newBuilder().setName("data").setFile("/frozen").setFormat("qcow2").build();
  static final List<RoundRecord> ROUNDS =
      List.of(
          RoundRecord.newBuilder().setPages(32_768).build(),
          RoundRecord.newBuilder().setPages(12).build());
  static final long STOPPED_AT = 1_000;
  static final long RESUMED_AT = 4_000;
  static final long FRAMES_HELD = 17;

  private final Script script;
  private volatile boolean quietWhenFailing;
  private volatile Arrival arrival = Arrival.OVER;
  private volatile String instantImpossible = "";
  private volatile long dirtyRate = -1;
  private volatile boolean runAway;
  private final List<CapturePlan> plans = new CopyOnWriteArrayList<>();
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
      CapturePlan plan, ImageWriter writer, VmNetwork network) {
    close(writer);
    plans.add(plan);
    if (runAway) {
      runAway = false;
      return CompletableFuture.failedStage(
          new HypervisorException("preparing a capture", new RanAwayException()));
    }
    return script
        .<Capture>step("prepareCapture", new ScriptedCapture(plan.mode(), network::hold))
        .exceptionallyCompose(failed -> quietThenFail(network::hold, failed));
  }

  @Override
  public CompletionStage<String> instantImpossible() {
    return CompletableFuture.completedStage(instantImpossible);
  }

  @Override
  public CompletionStage<Long> dirtyRate() {
    return script.step("dirtyRate", dirtyRate);
  }

  /** How captures were to be made, in order. */
  List<CapturePlan> plans() {
    return plans;
  }

  /** The next capture is ended by the hypervisor. */
  void runAwayOnce() {
    runAway = true;
  }

  /** From now on INSTANT captures cannot be made. */
  void forbidInstant(String reason) {
    instantImpossible = reason;
  }

  /** The guest writes so many bytes a second. */
  void dirty(long bytesPerSecond) {
    dirtyRate = bytesPerSecond;
  }

  @Override
  public CompletionStage<FrozenDisks> freezeDisks(String snapshotId) {
    return script.step("freezeDisks " + snapshotId, new ScriptedDisks());
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
  public CompletionStage<Void> shut() {
    return script.step("shut");
  }

  @Override
  public CompletionStage<Void> reopen() {
    return script.step("reopen");
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

  private final class ScriptedDisks implements FrozenDisks {
    @Override
    public CompletionStage<List<DiskRecord>> store(SnapshotStore store, ImageTarget target) {
      return script.step("storeDisks " + target.snapshotId(), List.of(DISK));
    }

    @Override
    public long bytes() {
      return 1000;
    }

    @Override
    public long totalBytes() {
      return 4000;
    }

    @Override
    public CompletionStage<Void> cancel() {
      return script.step("cancelDisks");
    }
  }

  private final class ScriptedCapture implements Capture {
    private final CaptureMode mode;
    private final Supplier<CompletionStage<?>> quiet;
    private boolean started;

    ScriptedCapture(CaptureMode mode, Supplier<CompletionStage<?>> quiet) {
      this.mode = mode;
      this.quiet = quiet;
    }

    @Override
    public CaptureMode mode() {
      return mode;
    }

    @Override
    public List<RoundRecord> rounds() {
      return mode == CaptureMode.ROUNDS ? ROUNDS : List.of();
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
