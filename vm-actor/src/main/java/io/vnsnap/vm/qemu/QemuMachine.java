package io.vnsnap.vm.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.channel.EventLoop;
import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.Loading;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.vm.Arrival;
import io.vnsnap.vm.BlockingWork;
import io.vnsnap.vm.Capture;
import io.vnsnap.vm.CapturePlan;
import io.vnsnap.vm.FrozenDisks;
import io.vnsnap.vm.HypervisorException;
import io.vnsnap.vm.Machine;
import io.vnsnap.vm.MachineSpec;
import io.vnsnap.vm.StartHints;
import io.vnsnap.vm.VmNetwork;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One QEMU process under control. What it knows of the VM's state it knows from QEMU's events; all
 * of it is touched on one event loop only, to which the public methods hand over.
 */
public final class QemuMachine implements Machine {
  private static final Logger log = LoggerFactory.getLogger(QemuMachine.class);
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final long RETRY_MS = 2;
  private static final String BACKGROUND_SNAPSHOT = "background-snapshot";

  /** In bytes a second; QEMU's default would slow a capture down. */
  private static final long NO_BANDWIDTH_LIMIT = 1L << 40;

  private final MachineSpec spec;
  private final QemuSettings settings;
  private final QemuProcess process;
  private final QemuDisks disks;
  private final DiskWork diskWork;
  private final EventLoop loop;
  private final Executor blocking;

  private @Nullable QmpClient qmp;
  private QemuVersion version = new QemuVersion(0, 0, 0);
  private final RunState runState = new RunState();
  private @Nullable RunningCapture capture;
  private @Nullable String instantImpossible;
  private volatile boolean tracksDirtyPages;
  private @Nullable ByteBuffer captureBuffer;
  private volatile @Nullable LazyLoading arrival;
  private @Nullable CompletableFuture<Void> ended;

  QemuMachine(
      MachineSpec spec,
      QemuSettings settings,
      QemuProcess process,
      QemuDisks disks,
      EventLoop loop,
      Executor blocking) {
    this.spec = spec;
    this.settings = settings;
    this.process = process;
    this.disks = disks;
    this.diskWork = new DiskWork(this, disks);
    this.loop = loop;
    this.blocking = blocking;
  }

  // ---- starting ----

  /** Gains control of the process and sets what all captures and loads need. */
  CompletionStage<Void> connect() {
    process.exited().thenAccept(reason -> loop.execute(() -> lost(reason)));
    return QmpClient.connect(
            loop,
            QemuCommandLine.controlSocket(spec),
            settings.messageLimit(),
            this::onEvent,
            () -> !process.alive(),
            settings.startTimeout())
        .thenCompose(this::connected);
  }

  private CompletionStage<Void> connected(QmpClient client) {
    qmp = client;
    client.closed().thenAccept(this::controlLost);
    try {
      version = QemuVersion.ofGreeting(client.greeting());
    } catch (HypervisorException e) {
      return CompletableFuture.failedStage(e);
    }
    if (!version.supported()) {
      return CompletableFuture.failedStage(
          new HypervisorException(QemuVersion.tooOld(version.toString())));
    }
    // An announcement would be frames that the guest never sent.
    tracksDirtyPages = version.tracksDirtyPagesUnderTcg();
    ObjectNode parameters =
        JSON.objectNode().put("max-bandwidth", NO_BANDWIDTH_LIMIT).put("announce-rounds", 0);
    return setCapability("events", true)
        .thenCompose(done -> command("migrate-set-parameters", parameters))
        .thenCompose(done -> command("query-kvm", JSON.objectNode()))
        .thenAccept(kvm -> {
          if (kvm.path("enabled").asBoolean()) {
            tracksDirtyPages = true;
          }
        });
  }

  /** Loads an image into a process that was started to wait for one; closes the image. */
  CompletionStage<Void> load(ImageReader image, Loading loading, StartHints hints) {
    if (loading == Loading.FULL) {
      return new ImageLoading(this, image).run();
    }
    return LazyLoading.impossible(this, image)
        .thenCompose(why -> {
          if (why.isEmpty()) {
            LazyLoading lazy = new LazyLoading(this);
            arrival = lazy;
            return lazy.run(image, hints);
          }
          if (loading == Loading.LAZY) {
            closeOnBlocking(image);
            return CompletableFuture.failedStage(
                new HypervisorException("it cannot be loaded lazily: " + why.get()));
          }
          log.info("VM {} is not loaded lazily: {}", spec.name(), why.get());
          return new ImageLoading(this, image).run();
        });
  }

  // ---- Machine ----

  @Override
  public String hypervisor() {
    return QemuHypervisor.NAME;
  }

  @Override
  public String hypervisorVersion() {
    return version.toString();
  }

  @Override
  public long pid() {
    return process.pid();
  }

  @Override
  public Path networkSocket(String vnic) {
    return QemuCommandLine.networkSocket(spec, spec.vnicNumber(vnic));
  }

  @Override
  public Path consoleSocket() {
    return QemuCommandLine.consoleSocket(spec);
  }

  @Override
  public CompletionStage<String> exited() {
    return process.exited();
  }

  @Override
  public Arrival arrival() {
    LazyLoading lazy = arrival;
    return lazy == null ? Arrival.OVER : lazy;
  }

  @Override
  public CompletionStage<Long> resume() {
    return operation("resuming", this::resumeOnLoop);
  }

  @Override
  public CompletionStage<Long> pause() {
    return operation(
        "pausing",
        () ->
            diskWork
                .still()
                .thenCompose(done -> command("stop", JSON.objectNode()))
                .thenCompose(done -> runState.whenStopped(this)));
  }

  @Override
  public CompletionStage<Capture> prepareCapture(
      CapturePlan plan, ImageWriter writer, VmNetwork network) {
    return operation(
        "preparing a capture",
        () -> {
          if (!runState.running()) {
            closeOnBlocking(writer);
            return CompletableFuture.<Capture>failedStage(
                new HypervisorException("the VM does not run"));
          }
          return free()
              .thenCompose(done -> diskWork.ready())
              .whenComplete((done, failed) -> {
                if (failed != null) {
                  closeOnBlocking(writer);
                }
              })
              .thenCompose(done -> onLoop(() -> prepareOnLoop(plan, writer, network)));
        });
  }

  /** QEMU looks whether it can when it is asked for the capability. Asked once. */
  @Override
  public CompletionStage<String> instantImpossible() {
    return operation(
        "asking what captures it can make",
        () -> {
          String known = instantImpossible;
          if (known != null || capture != null) {
            return CompletableFuture.completedStage(known == null ? "" : known);
          }
          return command("migrate-set-capabilities", capability(BACKGROUND_SNAPSHOT, true))
              .thenCompose(done -> setCapability(BACKGROUND_SNAPSHOT, false))
              .thenApply(done -> "")
              .exceptionallyCompose(QemuMachine::refusal)
              .thenApply(why -> {
                instantImpossible = why;
                return why;
              });
        });
  }

  private static CompletionStage<String> refusal(Throwable failed) {
    return HypervisorException.unwrap(failed) instanceof QmpException refused
        ? CompletableFuture.completedStage(refused.getMessage() + QemuProbe.INSTANT_NEEDS)
        : CompletableFuture.failedStage(failed);
  }

  @Override
  public CompletionStage<Long> dirtyRate() {
    return operation("measuring the dirty rate", () -> new DirtyRate(this).measure());
  }

  @Override
  public CompletionStage<FrozenDisks> freezeDisks(String snapshotId) {
    MachineSpec.checkSnapshotId(snapshotId);
    return operation("freezing the disks", () -> diskWork.freeze(snapshotId));
  }

  @Override
  public CompletionStage<Void> shutdown() {
    return onLoop(() -> end(false));
  }

  @Override
  public CompletionStage<Void> kill() {
    return onLoop(() -> end(true));
  }

  /**
   * Sends a QMP command as it is; for benchmarks, which compare ours with what QEMU can do alone.
   *
   * @return what QEMU returned
   */
  public CompletionStage<JsonNode> execute(String name, ObjectNode arguments) {
    return operation(name, () -> command(name, arguments));
  }

  // ---- for captures; on the event loop ----

  MachineSpec spec() {
    return spec;
  }

  QemuSettings settings() {
    return settings;
  }

  QemuProcess process() {
    return process;
  }

  QemuVersion version() {
    return version;
  }

  /** Whether a running guest's dirty pages may be asked for more than once in a capture. */
  boolean tracksDirtyPages() {
    return tracksDirtyPages;
  }

  /** For tests of what is done with a QEMU that does; their images are not to be restored. */
  void assumeDirtyTracking(boolean assumed) {
    tracksDirtyPages = assumed;
  }

  /** How often the VM has stopped; asked by any thread. */
  long stops() {
    return runState.stops();
  }

  EventLoop loop() {
    return loop;
  }

  Executor blocking() {
    return blocking;
  }

  ByteBuffer captureBuffer() {
    ByteBuffer buffer = captureBuffer;
    if (buffer == null) {
      buffer = ByteBuffer.allocateDirect(settings.streamBuffer());
      captureBuffer = buffer;
    }
    return buffer;
  }

  void setCapture(@Nullable RunningCapture current) {
    capture = current;
  }

  CompletionStage<JsonNode> command(String name, ObjectNode arguments) {
    return control().execute(name, arguments, settings.commandTimeout());
  }

  /** Hands QEMU its end of the pair, and closes that here in any case. */
  CompletionStage<Void> giveDescriptor(String name, LocalSockets.Pair pair) {
    return lendDescriptor(name, pair)
        .whenComplete((done, failed) -> closeQuietly(pair.theirs()::close));
  }

  /** Hands QEMU its end of the pair, which stays open here too. */
  CompletionStage<Void> lendDescriptor(String name, LocalSockets.Pair pair) {
    return control()
        .executeWithDescriptor(
            "getfd",
            JSON.objectNode().put("fdname", name),
            pair.theirs().intValue(),
            settings.commandTimeout())
        .thenAccept(done -> {});
  }

  /** Asks QEMU why a migration has failed; never fails. */
  CompletionStage<HypervisorException> migrationFailure() {
    return command("query-migrate", JSON.objectNode())
        .handle((info, failed) ->
            new HypervisorException(
                "QEMU gave up: "
                    + (failed == null
                        ? info.path("error-desc").asText("no reason given")
                        : HypervisorException.reason(failed))));
  }

  /** Asks until QEMU, still busy with the end of the previous migration, accepts. */
  CompletionStage<Void> setCapability(String name, boolean on) {
    return insist("migrate-set-capabilities", capability(name, on));
  }

  private static ObjectNode capability(String name, boolean on) {
    ObjectNode arguments = JSON.objectNode();
    arguments.putArray("capabilities").addObject().put("capability", name).put("state", on);
    return arguments;
  }

  /** Always sends the command: a pause may be under way that no event has told of. */
  CompletionStage<Long> resumeOnLoop() {
    return insist("cont", JSON.objectNode()).thenCompose(done -> runState.whenRunning(this));
  }

  /** Completes at QEMU's next RESUME event. */
  CompletionStage<Long> nextResume() {
    return runState.nextResume(this);
  }

  /** Fails when the stage has not completed in time. */
  <T> CompletionStage<T> within(CompletionStage<T> stage, Duration limit, String what) {
    CompletableFuture<T> result = new CompletableFuture<>();
    var timer =
        loop.schedule(
            () -> result.completeExceptionally(new TimeoutException(what + " took over " + limit)),
            limit.toMillis(),
            TimeUnit.MILLISECONDS);
    stage.whenComplete((value, failed) -> {
      timer.cancel(false);
      if (failed != null) {
        result.completeExceptionally(failed);
      } else {
        result.complete(value);
      }
    });
    return result;
  }

  <T> CompletionStage<T> onLoop(Supplier<CompletionStage<T>> body) {
    if (loop.inEventLoop()) {
      return body.get();
    }
    return CompletableFuture.supplyAsync(body, loop).thenCompose(stage -> stage);
  }

  /** As {@link #onLoop}, with failures told as one line about this VM. */
  <T> CompletionStage<T> operation(String what, Supplier<CompletionStage<T>> body) {
    return onLoop(body)
        .exceptionallyCompose(failed ->
            CompletableFuture.failedStage(
                new HypervisorException(
                    "VM " + spec.name() + ": " + what + ": " + HypervisorException.reason(failed),
                    HypervisorException.unwrap(failed))));
  }

  // ---- inside ----

  /** Completes when all memory is there and no earlier capture is left. */
  private CompletionStage<Void> free() {
    return within(
            arrival().done(),
            settings.lazy().captureWait(),
            "loading its memory, which goes on while it runs and must end before it is captured,")
        .thenCompose(there -> onLoop(this::freeOfCaptures));
  }

  private CompletionStage<Void> freeOfCaptures() {
    RunningCapture earlier = capture;
    if (earlier == null) {
      return CompletableFuture.completedStage(null);
    }
    if (!earlier.over()) {
      return CompletableFuture.failedStage(
          new HypervisorException("another capture is in progress"));
    }
    return within(earlier.putAway(), settings.stallTimeout(), "putting the last capture away");
  }

  private CompletionStage<Capture> prepareOnLoop(
      CapturePlan plan, ImageWriter writer, VmNetwork network) {
    try {
      return plan.mode() == CaptureMode.ROUNDS
          ? prepareRounds(plan, writer, network)
          : prepareInstant(writer, network);
    } catch (IOException e) {
      closeOnBlocking(writer);
      return CompletableFuture.<Capture>failedStage(e);
    }
  }

  private CompletionStage<Capture> prepareInstant(ImageWriter writer, VmNetwork network)
      throws IOException {
    LocalSockets.Pair pair = LocalSockets.pair();
    CaptureStream stream =
        new CaptureStream(writer, captureBuffer(), pair.ours(), Pace.unlimited());
    if (version.canHoldBeforeStop()) {
      stream.skipFirst(LocalSockets.fill(pair.theirs()));
    }
    return QemuCapture.prepare(this, stream, pair, network::hold)
        .<Capture>thenApply(ready -> ready)
        .whenComplete((ready, failed) -> closeQuietly(pair.theirs()::close));
  }

  private CompletionStage<Capture> prepareRounds(
      CapturePlan plan, ImageWriter writer, VmNetwork network) throws IOException {
    LocalSockets.Pair pair = LocalSockets.pair();
    CaptureStream stream = new CaptureStream(writer, captureBuffer(), pair.ours(), new Pace());
    return RoundsCapture.prepare(
            this, stream, new SendBuffer(pair.theirs()), pair, network, plan.rounds())
        .thenApply(ready -> ready);
  }

  private CompletionStage<Void> insist(String name, ObjectNode arguments) {
    return insist(name, arguments, System.nanoTime() + settings.commandTimeout().toNanos());
  }

  private CompletionStage<Void> insist(String name, ObjectNode arguments, long deadlineNanos) {
    return command(name, arguments)
        .<CompletionStage<Void>>handle((done, failed) -> {
          if (failed == null) {
            return CompletableFuture.completedStage(null);
          }
          boolean refused = HypervisorException.unwrap(failed) instanceof QmpException;
          if (!refused || System.nanoTime() > deadlineNanos) {
            return CompletableFuture.failedStage(failed);
          }
          return later(() -> insist(name, arguments, deadlineNanos));
        })
        .thenCompose(stage -> stage);
  }

  /** A little later, on the event loop. */
  <T> CompletionStage<T> later(Supplier<CompletionStage<T>> body) {
    CompletableFuture<CompletionStage<T>> begun = new CompletableFuture<>();
    var unused = loop.schedule(() -> begun.complete(body.get()), RETRY_MS, TimeUnit.MILLISECONDS);
    return begun.thenCompose(stage -> stage);
  }

  private QmpClient control() {
    QmpClient client = qmp;
    if (client == null) {
      throw new IllegalStateException("QEMU is not under control yet");
    }
    return client;
  }

  private void onEvent(QmpEvent event) {
    switch (event.name()) {
      case "STOP" -> {
        runState.stopped(event.micros());
        if (capture != null) {
          capture.onStopped();
        }
      }
      case "RESUME" -> runState.resumed(event.micros());
      case "MIGRATION" -> {
        if (capture != null) {
          capture.onMigration(event.data().path("status").asText());
        }
        LazyLoading lazy = arrival;
        if (lazy != null) {
          lazy.onMigration(event.data().path("status").asText());
        }
      }
      case "JOB_STATUS_CHANGE" ->
          diskWork.onJobStatus(
              event.data().path("id").asText(), event.data().path("status").asText());
      case "SHUTDOWN" -> {
        if (event.data().path("guest").asBoolean()) {
          process.note("the guest ended: " + event.data().path("reason").asText("shutdown"));
        }
      }
      default -> log.debug("VM {}: event {} {}", spec.name(), event.name(), event.data());
    }
  }

  /**
   * A VM that cannot be controlled might stay paused for ever. A process that ends does so first.
   */
  private void controlLost(Throwable cause) {
    var unused =
        loop.schedule(
            () -> {
              if (process.alive()) {
                process.note("control of QEMU was lost: " + HypervisorException.reason(cause));
                process.kill();
              }
            },
            settings.quitTimeout().toMillis(),
            TimeUnit.MILLISECONDS);
  }

  private void lost(String reason) {
    HypervisorException gone = new HypervisorException(reason);
    runState.lost(gone);
    diskWork.lost(gone);
    if (capture != null) {
      capture.lost(gone);
    }
    LazyLoading lazy = arrival;
    if (lazy != null) {
      lazy.lost(gone);
    }
  }

  private CompletionStage<Void> end(boolean force) {
    QmpClient client = qmp;
    if (force || client == null) {
      process.kill();
    }
    CompletableFuture<Void> ending = ended;
    if (ending == null) {
      ending = new CompletableFuture<>();
      ended = ending;
      if (!force && client != null) {
        client
            .execute("quit", settings.quitTimeout())
            .exceptionally(failed -> {
              process.kill();
              return JSON.nullNode();
            });
        var unused =
            loop.schedule(process::kill, settings.quitTimeout().toMillis(), TimeUnit.MILLISECONDS);
        process.exited().thenAccept(reason -> unused.cancel(false));
      }
      process.exited().thenAccept(reason -> BlockingWork.surely(blocking, this::cleanUp));
    }
    return ending;
  }

  private void cleanUp() {
    PrivateFolder.remove(spec.folder());
    disks.remove();
    loop.execute(() -> {
      if (qmp != null) {
        qmp.close();
      }
      if (ended != null) {
        ended.complete(null);
      }
    });
  }

  void closeOnBlocking(Closeable resource) {
    BlockingWork.surely(blocking, () -> closeQuietly(resource));
  }

  void closeQuietly(Closeable resource) {
    try {
      resource.close();
    } catch (IOException e) {
      log.warn("VM {}: {}", spec.name(), e.toString());
    }
  }
}
