package io.vnsnap.vm.qemu;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.RoundRecord;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.vm.HypervisorException;
import io.vnsnap.vm.RoundsSettings;
import io.vnsnap.vm.VmNetwork;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A capture by QEMU's plain migration: while the guest runs, pages are read round after round,
 * those that it has written to again; what is left at the cut is read while the VM is paused.
 *
 * <p>Design note. QEMU decides by itself when to finish: at the end of each round it looks which
 * pages are dirty, and if they are few, or none, it <em>stops the VM</em> and writes the rest. A
 * stop outside our cut would drop frames. No setting of QEMU 7.2 keeps it from that; but it cannot
 * finish while it is blocked in a write to its stream, which we read. So:
 *
 * <ul>
 *   <li>The stream is read by allowance ({@link Pace}). At <em>rest</em> the reader waits and QEMU
 *       sleeps in a write ({@link BlockedThread}); guest and QMP go on.
 *   <li>Within a round the allowance is such that QEMU cannot come to the round's end, even if all
 *       pages to come were zero, of which many fit into the buffers between (the <em>margin</em>).
 *       For that the socket's buffer is kept small ({@link SendBuffer}).
 *   <li>Only with the VM's network shut, for some milliseconds, more is read, until QEMU has begun
 *       the next round and is at rest again. If it stops the VM instead, no frame is lost: the rest
 *       is read and thrown away, the VM resumed, the network opened, and the preparation fails with
 *       {@link io.vnsnap.vm.RanAwayException}; a capture that ends no round can be tried then.
 * </ul>
 *
 * <p>QEMU compares what is dirty with the bytes it could write in {@code downtime-limit}, from the
 * rate of about the last 100 ms. Since we stand still for that long before a round ends, the rate
 * is small, and even a nearly idle guest has dirtied more. The limit must not be zero: then QEMU
 * would not look for dirty pages at all, and finish after the first round.
 *
 * <p>At the cut the capture is at rest; the VM is paused, the network turns red, disks are frozen;
 * then everything is read. QEMU finds the VM stopped, writes what is dirty, then the devices, and
 * reports that it is done; then the VM is resumed. From the start of the cut's reading on QEMU may
 * hold its global lock while it writes, so nothing but reading to the end gets it on.
 *
 * <p>Unlike a background snapshot, a plain migration may be cancelled: nothing is write-protected.
 * QEMU shuts its socket down and its thread ends.
 *
 * <p>Everything here runs on the machine's event loop, except what the stream's thread does.
 */
final class RoundsCapture implements RunningCapture {
  private static final Logger log = LoggerFactory.getLogger(RoundsCapture.class);
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final String DESCRIPTOR = "vnsnap-rounds";
  private static final long NANOS_PER_MICRO = 1000;

  /** In milliseconds; the least that is not zero. */
  private static final ObjectNode DOWNTIME_LIMIT = JSON.objectNode().put("downtime-limit", 1);

  private final QemuMachine machine;
  private final CaptureStream stream;
  private final SendBuffer buffer;
  private final VmNetwork network;
  private final RoundsSettings settings;
  private final RoundWalk walk;
  private final CompletableFuture<Void> migrated = new CompletableFuture<>();
  private final CompletableFuture<ImageWriter.Committed> stored = new CompletableFuture<>();
  private final StallWatch stallWatch;
  private CompletableFuture<Void> walking = new CompletableFuture<>();
  private long endedNanos;
  private int renewals;
  private int waits;
  private volatile List<RoundRecord> records = List.of();
  private boolean migrating;
  private boolean started;
  private @Nullable Future<?> renewal;
  private @Nullable CompletableFuture<Void> cancelling;
  private @Nullable CompletableFuture<Void> puttingAway;

  private RoundsCapture(
      QemuMachine machine,
      CaptureStream stream,
      SendBuffer buffer,
      VmNetwork network,
      RoundsSettings settings) {
    this.machine = machine;
    this.stream = stream;
    this.buffer = buffer;
    this.network = network;
    this.settings = settings;
    this.walk = new RoundWalk(machine, stream, network, settings, buffer);
    this.stallWatch = new StallWatch(machine, stream, this::expectsMore, this::stalled);
  }

  /**
   * On the event loop, when no other capture is in progress.
   *
   * @param buffer of the pair's other end, of which this capture is the owner from now on
   */
  static CompletionStage<RoundsCapture> prepare(
      QemuMachine machine,
      CaptureStream stream,
      SendBuffer buffer,
      LocalSockets.Pair pair,
      VmNetwork network,
      RoundsSettings settings) {
    RoundsCapture capture = new RoundsCapture(machine, stream, buffer, network, settings);
    machine.setCapture(capture);
    stream.committed().whenComplete((done, failed) -> capture.streamEnded(done, failed));
    stream.begin();
    machine.blocking().execute(stream::run);
    CompletionStage<Void> brink =
        machine
            .command("migrate-set-parameters", DOWNTIME_LIMIT)
            .thenCompose(done -> machine.lendDescriptor(DESCRIPTOR, pair))
            .thenCompose(done -> capture.migrate())
            .thenCompose(done -> capture.walk.begin());
    capture.stallWatch.begin();
    return capture
        .walk(brink)
        .thenApply(done -> {
          capture.renewLater();
          return capture;
        })
        .exceptionallyCompose(capture::giveUp);
  }

  private CompletionStage<Void> walk(CompletionStage<Void> steps) {
    CompletableFuture<Void> now = new CompletableFuture<>();
    walking = now;
    steps.whenComplete((done, failed) -> {
      if (failed == null) {
        now.complete(null);
      } else {
        now.completeExceptionally(failed);
      }
    });
    return now;
  }

  private CompletionStage<RoundsCapture> giveUp(Throwable failed) {
    return cancel()
        .handle((done, again) -> {
          throw new CompletionException(HypervisorException.unwrap(failed));
        });
  }

  private CompletionStage<Void> migrate() {
    migrating = true;
    ObjectNode arguments = JSON.objectNode().put("uri", "fd:" + DESCRIPTOR);
    return machine
        .command("migrate", arguments)
        .whenComplete((done, failed) -> {
          // When QEMU said nothing, it may have begun.
          if (failed != null && HypervisorException.unwrap(failed) instanceof QmpException) {
            migrating = false;
          }
        })
        .thenApply(done -> null);
  }

  /** What the guest writes to while it waits for the cut must be copied in the pause. */
  private void renewLater() {
    long waitMillis = settings.renewAfter().toMillis();
    renewal =
        machine
            .loop()
            .schedule(
                () -> {
                  boolean waits = !started && cancelling == null && !stored.isDone();
                  if (waits && renewals < settings.maxRenewals() && !walk.isHalted()) {
                    renew();
                  }
                },
                waitMillis,
                TimeUnit.MILLISECONDS);
  }

  private void renew() {
    if (!walk.worthRenewing(settings.renewAfter().multipliedBy(1 + waits))) {
      waits++;
      renewLater();
      return;
    }
    waits = 0;
    renewals++;
    walk(walk.renew())
        .whenComplete((done, failed) -> {
          if (failed == null) {
            renewLater();
          } else if (cancelling == null) {
            log.warn("VM {}: {}", machine.spec().name(), HypervisorException.reason(failed));
            endedBadly(HypervisorException.unwrap(failed));
          }
        });
  }

  @Override
  public CaptureMode mode() {
    return CaptureMode.ROUNDS;
  }

  @Override
  public CompletionStage<Void> brace() {
    return machine.operation(
        "coming to rest",
        () -> {
          walk.halt();
          return walking;
        });
  }

  @Override
  public CompletionStage<Long> start() {
    return machine.operation(
        "capturing",
        () -> {
          if (started || cancelling != null || migrated.isDone()) {
            return CompletableFuture.<Long>failedStage(
                new HypervisorException("the capture is over"));
          }
          started = true;
          walk.rounds().next(stream.counts());
          readToEnd();
          return resumedUnlessFailed(
              migrated.thenComposeAsync(done -> resumeThenCommit(), machine.loop()));
        });
  }

  /** To commit takes processors, which QEMU needs to resume the VM. */
  private CompletionStage<Long> resumeThenCommit() {
    return machine.resumeOnLoop().whenComplete((at, failed) -> stream.approve());
  }

  /** From now on the stream ends when QEMU closes it. */
  private void readToEnd() {
    try {
      buffer.grow();
    } catch (IOException e) {
      log.debug("the stream's buffer stays small", e);
    }
    machine.closeQuietly(buffer::close);
    stream.pace().release();
  }

  @Override
  public CompletionStage<ImageWriter.Committed> stored() {
    return stored.minimalCompletionStage();
  }

  @Override
  public long bytes() {
    return stream.bytes();
  }

  @Override
  public List<RoundRecord> rounds() {
    return records;
  }

  @Override
  public long stalledMicros() {
    return stream.stalledNanos() / NANOS_PER_MICRO;
  }

  @Override
  public CompletionStage<Void> cancel() {
    return machine.operation("cancelling a capture", this::cancelOnLoop);
  }

  private CompletionStage<Void> cancelOnLoop() {
    if (stored.isDone() && !stored.isCompletedExceptionally()) {
      return CompletableFuture.completedStage(null);
    }
    CompletableFuture<Void> current = cancelling;
    if (current != null && !current.isCompletedExceptionally()) {
      return current;
    }
    CancellationException cancelled = new CancellationException("the capture was cancelled");
    if (!stored.isDone() && !stream.giveUp(cancelled)) {
      return machine.within(
          committedOrCleared(), machine.settings().commandTimeout(), "committing");
    }
    CompletableFuture<Void> attempt = new CompletableFuture<>();
    cancelling = attempt;
    stored.completeExceptionally(cancelled);
    walk.halt();
    CompletionStage<Void> walked = walking;
    walked
        .handle((done, failed) -> null)
        .thenComposeAsync(done -> endMigration(cancelled), machine.loop())
        .thenCompose(done -> machine.resumeOnLoop())
        .thenCompose(at -> reopen())
        .whenComplete((done, failed) -> {
          if (failed != null) {
            attempt.completeExceptionally(failed);
          } else {
            attempt.complete(null);
          }
        });
    return attempt;
  }

  /** If the commit fails, the capture is cleared away as one that was given up. */
  private CompletionStage<Void> committedOrCleared() {
    return stored
        .handle((done, failed) -> failed)
        .thenComposeAsync(
            failed -> failed == null ? CompletableFuture.completedStage(null) : cancelOnLoop(),
            machine.loop());
  }

  private CompletionStage<Void> endMigration(Throwable why) {
    stream.giveUp(why);
    if (!migrating) {
      stream.sever();
      readToEnd();
      return putAwayInTime();
    }
    // One that has begun to finish must be read: it holds QEMU's lock while it writes.
    boolean finishing = started || walk.ranAway() || migrated.isDone();
    CompletionStage<?> ending =
        finishing
            ? CompletableFuture.completedStage(null)
            : machine.command("migrate_cancel", JSON.objectNode());
    return ending
        .handle((done, failed) -> failed)
        .thenComposeAsync(
            failed -> {
              if (failed != null) {
                log.warn("VM {}: {}", machine.spec().name(), HypervisorException.reason(failed));
              }
              readToEnd();
              return putAwayInTime();
            },
            machine.loop());
  }

  private CompletionStage<Void> reopen() {
    return walk.isShut()
        ? network.reopen().<Void>thenApply(done -> null)
        : CompletableFuture.completedStage(null);
  }

  /** The VM runs; that a slow store still holds the image is no reason to fail. */
  private CompletionStage<Void> putAwayInTime() {
    return machine
        .within(
            migrated.handle((done, failed) -> null).thenCompose(done -> putAway()),
            machine.settings().commandTimeout(),
            "putting the capture away")
        .exceptionallyCompose(late -> {
          log.warn("VM {}: {}", machine.spec().name(), HypervisorException.reason(late));
          return machine.onLoop(() -> CompletableFuture.completedStage(null));
        });
  }

  @Override
  public CompletionStage<Void> putAway() {
    CompletableFuture<Void> current = puttingAway;
    if (current == null) {
      CompletableFuture<Void> begun = new CompletableFuture<>();
      puttingAway = begun;
      stream
          .ended()
          .whenCompleteAsync(
              (done, failed) -> {
                machine.closeQuietly(buffer::close);
                endTimers();
                machine.setCapture(null);
                begun.complete(null);
              },
              machine.loop());
      return begun;
    }
    return current;
  }

  private void endTimers() {
    stallWatch.end();
    if (renewal != null) {
      renewal.cancel(false);
    }
  }

  @Override
  public boolean over() {
    return stored.isDone();
  }

  @Override
  public void onMigration(String status) {
    switch (status) {
      case "completed" -> {
        endedNanos = System.nanoTime();
        migrated.complete(null);
      }
      case "cancelled" -> endedBadly(new HypervisorException("the capture was cancelled"));
      case "failed" -> machine.migrationFailure().thenAccept(this::endedBadly);
      default -> {
        // On its way.
      }
    }
  }

  @Override
  public void onStopped() {
    if (!walking.isDone()) {
      walk.runAway();
    }
  }

  @Override
  public void lost(HypervisorException reason) {
    migrated.completeExceptionally(reason);
    stored.completeExceptionally(reason);
    stream.giveUp(reason);
    walk.fail(reason);
    readToEnd();
    endTimers();
  }

  private void endedBadly(Throwable failure) {
    migrated.completeExceptionally(failure);
    stream.giveUp(failure);
    walk.fail(failure);
  }

  /** On the stream's thread, or whoever ended it. */
  private void streamEnded(ImageWriter.@Nullable Committed committed, @Nullable Throwable failed) {
    machine.loop().execute(() -> settle(committed, failed));
  }

  private void settle(ImageWriter.@Nullable Committed committed, @Nullable Throwable failed) {
    if (committed != null) {
      walk.rounds().end(stream.counts(), endedNanos);
      records = walk.rounds().records();
      putAwayInTime().whenComplete((done, late) -> stored.complete(committed));
    } else if (failed != null && cancelling == null && !stored.isDone()) {
      walk.fail(failed);
      if (walking.isDone()) {
        stored.completeExceptionally(HypervisorException.unwrap(failed));
        cancelOnLoop()
            .exceptionally(again -> {
              log.warn("VM {}: {}", machine.spec().name(), HypervisorException.reason(again));
              return null;
            });
      }
    }
  }

  private boolean expectsMore() {
    boolean reading = started || !walking.isDone();
    return reading && !stored.isDone() && !(stream.drained() && migrated.isDone());
  }

  private void stalled(TimeoutException late) {
    if (started) {
      machine.blocking().execute(stream::drainAside);
    }
    stream.giveUp(late);
  }
}
