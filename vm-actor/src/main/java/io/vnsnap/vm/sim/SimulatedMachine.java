package io.vnsnap.vm.sim;

import io.netty.channel.EventLoop;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.vm.BlockingWork;
import io.vnsnap.vm.Capture;
import io.vnsnap.vm.CapturePlan;
import io.vnsnap.vm.FrozenDisks;
import io.vnsnap.vm.HypervisorException;
import io.vnsnap.vm.Machine;
import io.vnsnap.vm.MachineSpec;
import io.vnsnap.vm.VmNetwork;
import io.vnsnap.vm.sim.guest.Guest;
import io.vnsnap.vm.sim.guest.GuestMemory;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One simulated VM. Its state is touched on one event loop only, to which the public methods hand
 * over.
 */
public final class SimulatedMachine implements Machine {
  private static final Logger log = LoggerFactory.getLogger(SimulatedMachine.class);

  private final MachineSpec spec;
  private final SimulatedSettings settings;
  private final SimulatedEnvironment environment;
  private final EventLoop loop;
  private final Board board;
  private final CompletableFuture<String> exited = new CompletableFuture<>();
  private boolean running;
  private boolean ended;
  private long nextTick;
  private long stoppedAt;
  private long resumedAt;
  private @Nullable CompletableFuture<Void> draining;
  private @Nullable Future<?> timer;
  private @Nullable SimulatedCapture capture;

  /**
   * A machine that is paused and has no sockets yet.
   *
   * @throws IllegalArgumentException if its guest cannot be run
   */
  SimulatedMachine(
      MachineSpec spec,
      SimulatedSettings settings,
      SimulatedEnvironment environment,
      EventLoop loop,
      GuestMemory memory,
      SimulatedImage.Devices devices) {
    this.spec = spec;
    this.settings = settings;
    this.environment = environment;
    this.loop = loop;
    this.nextTick = devices.nextTick();
    this.stoppedAt = now();
    this.board =
        new Board(
            spec,
            memory,
            new GuestClock(loop.ticker(), devices.clockNanos()),
            new Guest.Options(
                settings.tick().toNanos(), settings.stepsPerTick(), settings.receivePages()),
            () -> guestRuns(Board::work));
  }

  /** Makes console and VNICs listen. */
  CompletionStage<Void> listen() {
    return onLoop(() -> board.listen(loop, environment.sockets()));
  }

  // ---- Machine

  @Override
  public String hypervisor() {
    return SimulatedHypervisor.NAME;
  }

  @Override
  public String hypervisorVersion() {
    return SimulatedHypervisor.VERSION;
  }

  @Override
  public long pid() {
    return environment.pid();
  }

  @Override
  public Path networkSocket(String vnic) {
    return Board.networkSocket(spec, spec.vnicNumber(vnic));
  }

  @Override
  public Path consoleSocket() {
    return Board.consoleSocket(spec);
  }

  @Override
  public CompletionStage<String> exited() {
    return exited.minimalCompletionStage();
  }

  @Override
  public CompletionStage<Long> resume() {
    return operation("resuming", this::resumeOnLoop);
  }

  @Override
  public CompletionStage<Long> pause() {
    return operation("pausing", this::pauseOnLoop);
  }

  @Override
  public CompletionStage<Capture> prepareCapture(
      CapturePlan plan, ImageWriter writer, VmNetwork network) {
    return operation("preparing a capture", () -> prepareOnLoop(plan, writer));
  }

  /** There are none. */
  @Override
  public CompletionStage<FrozenDisks> freezeDisks(String snapshotId) {
    MachineSpec.checkSnapshotId(snapshotId);
    return operation(
        "freezing the disks", () -> CompletableFuture.completedStage(FrozenDisks.NONE));
  }

  @Override
  public CompletionStage<Void> shutdown() {
    return end("it was shut down");
  }

  @Override
  public CompletionStage<Void> kill() {
    return end("it was killed");
  }

  /**
   * What the guest says of itself now, in the form of the line it prints each second; for whoever
   * checks on many guests without reading their consoles.
   */
  public CompletionStage<String> report() {
    return operation("asking", () -> CompletableFuture.completedStage(board.guest().report()));
  }

  // ---- for captures; on the event loop

  MachineSpec spec() {
    return spec;
  }

  SimulatedSettings settings() {
    return settings;
  }

  EventLoop loop() {
    return loop;
  }

  Executor blocking() {
    return environment.blocking();
  }

  Board board() {
    return board;
  }

  boolean isRunning() {
    return running;
  }

  SimulatedImage.Devices devices() {
    return new SimulatedImage.Devices(board.nanos(), nextTick);
  }

  CompletionStage<Long> resumeOnLoop() {
    if (running) {
      return CompletableFuture.completedStage(resumedAt);
    }
    running = true;
    resumedAt = now();
    guestRuns(machine -> machine.start(environment.seed()));
    if (running) {
      scheduleTick();
    }
    return running
        ? CompletableFuture.completedStage(resumedAt)
        : CompletableFuture.failedStage(new HypervisorException("the guest crashed"));
  }

  void closeOnBlocking(Closeable resource) {
    BlockingWork.surely(
        environment.blocking(),
        () -> {
          try {
            resource.close();
          } catch (IOException e) {
            log.warn("VM {}: {}", spec.name(), e.toString());
          }
        });
  }

  <T> CompletionStage<T> operation(String what, Supplier<CompletionStage<T>> body) {
    return onLoop(() ->
            ended
                ? CompletableFuture.<T>failedStage(new HypervisorException("it has ended"))
                : body.get())
        .exceptionallyCompose(failed ->
            CompletableFuture.failedStage(
                new HypervisorException(
                    "VM " + spec.name() + ": " + what + ": " + HypervisorException.reason(failed),
                    HypervisorException.unwrap(failed))));
  }

  // ---- inside

  private CompletionStage<Long> pauseOnLoop() {
    if (running) {
      running = false;
      stoppedAt = now();
      cancelTimer();
      draining = board.stop().toCompletableFuture();
    }
    CompletableFuture<Void> drained = draining;
    if (drained == null || drained.isDone()) {
      return CompletableFuture.completedStage(stoppedAt);
    }
    return within(drained, settings.drainTimeout()).thenApply(done -> stoppedAt);
  }

  private CompletionStage<Void> within(CompletionStage<Void> stage, Duration limit) {
    CompletableFuture<Void> result = new CompletableFuture<>();
    var late =
        loop.schedule(
            () ->
                result.completeExceptionally(
                    new TimeoutException("nobody takes what the VM had sent for " + limit)),
            limit.toMillis(),
            TimeUnit.MILLISECONDS);
    stage.thenAccept(done -> {
      late.cancel(false);
      result.complete(null);
    });
    return result;
  }

  private CompletionStage<Capture> prepareOnLoop(CapturePlan plan, ImageWriter writer) {
    SimulatedCapture earlier = capture;
    boolean busy = earlier != null && !earlier.over();
    if (!running || busy) {
      closeOnBlocking(writer);
      return CompletableFuture.failedStage(
          new HypervisorException(busy ? "another capture is in progress" : "the VM does not run"));
    }
    SimulatedCapture made = new SimulatedCapture(this, writer, plan);
    capture = made;
    return made.prepare().thenApply(done -> made);
  }

  private void scheduleTick() {
    long wait = Math.max(0, nextTick - board.nanos());
    timer = loop.schedule(this::tick, wait, TimeUnit.NANOSECONDS);
  }

  /** Ticks that nobody had time for are left out. */
  private void tick() {
    if (!running) {
      return;
    }
    guestRuns(Board::tick);
    long tick = settings.tick().toNanos();
    nextTick = Math.max(nextTick, board.nanos() - tick) + tick;
    if (running) {
      scheduleTick();
    }
  }

  private void cancelTimer() {
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
  }

  /** A guest that does what it cannot ends its machine, as a kernel's panic would. */
  private void guestRuns(Consumer<Board> work) {
    try {
      work.accept(board);
    } catch (RuntimeException e) {
      log.error("VM {}: the guest crashed", spec.name(), e);
      var unused = endOnLoop("the guest crashed: " + e);
    }
  }

  private CompletionStage<Void> end(String reason) {
    return onLoop(() -> endOnLoop(reason))
        .exceptionallyCompose(failed -> {
          log.warn("VM {}: {}", spec.name(), HypervisorException.reason(failed));
          return CompletableFuture.completedStage(null);
        });
  }

  private CompletionStage<Void> endOnLoop(String reason) {
    if (!ended) {
      ended = true;
      running = false;
      cancelTimer();
      board.close();
      if (capture != null) {
        capture.fail(new HypervisorException("VM " + spec.name() + " has ended: " + reason));
      }
      BlockingWork.surely(
          environment.blocking(),
          () -> {
            try {
              environment.sockets().removeFolder(spec.folder());
            } catch (IOException e) {
              log.warn("folder {} could not be removed: {}", spec.folder(), e.toString());
            }
            exited.complete("VM " + spec.name() + " has ended: " + reason);
          });
    }
    return exited.thenAccept(done -> {});
  }

  private <T> CompletionStage<T> onLoop(Supplier<CompletionStage<T>> body) {
    if (loop.inEventLoop()) {
      return body.get();
    }
    try {
      return CompletableFuture.supplyAsync(body, loop).thenCompose(stage -> stage);
    } catch (RejectedExecutionException e) {
      return CompletableFuture.failedStage(e);
    }
  }

  private long now() {
    return ChronoUnit.MICROS.between(Instant.EPOCH, environment.clock().instant());
  }
}
