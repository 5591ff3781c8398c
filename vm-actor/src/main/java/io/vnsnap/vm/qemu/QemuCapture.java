package io.vnsnap.vm.qemu;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.vm.HypervisorException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A copy-on-write capture by QEMU's capability {@code background-snapshot}.
 *
 * <p>Design note. QEMU's thread for it goes through these steps: visit every page of the guest's
 * memory; write the stream's set-up section; stop the VM; save the devices; write-protect the
 * memory; resume the VM; then write the pages, those first that the guest is about to change. The
 * visit takes far longer than all else up to the resume, grows with memory, and need not be in the
 * pause:
 *
 * <ol>
 *   <li>QEMU up to 7 does set-up without its global lock. So we give it, for its stream, a socket
 *       that is full: the migration begins in {@link #prepare}, with the VM running, visits the
 *       memory and blocks in the write of the set-up section. The VM is not hindered, and QEMU
 *       takes commands. At the cut the VM is paused by us; then we read what filled the socket,
 *       QEMU goes on from there, and resumes the VM by itself when the memory is protected.
 *   <li>Newer versions hold the lock meanwhile: the migration begins at the cut. They leave a VM
 *       that we paused as it is. It may go on only once the memory is protected, and that shows in
 *       pages on the stream, not in the status "active", which comes too early.
 * </ol>
 *
 * <p>A capture is never cancelled by QEMU's {@code migrate_cancel}, nor by closing the stream. QEMU
 * ends its thread at once then, and lifts the protection later, in its main loop; if the guest's
 * CPU writes to a protected page in between while it holds QEMU's global lock, which it does when
 * it works on a device, then nobody serves it and the main loop waits for the lock: QEMU hangs for
 * good (seen with 7.2 in most of a few tries). So what is not wanted any more is read to its end
 * and thrown away. It follows that a cancelled capture that was not started still stops the VM for
 * a moment, by QEMU's own doing.
 *
 * <p>Everything here runs on the machine's event loop, except what the stream's thread does.
 */
final class QemuCapture implements RunningCapture {
  private static final Logger log = LoggerFactory.getLogger(QemuCapture.class);
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final String DESCRIPTOR = "vnsnap-capture";

  private final QemuMachine machine;
  private final CaptureStream stream;
  private final Supplier<CompletionStage<?>> quiet;
  private final boolean held;
  private final CompletableFuture<Void> migrated = new CompletableFuture<>();
  private final CompletableFuture<ImageWriter.Committed> stored = new CompletableFuture<>();
  private final StallWatch stallWatch;
  private boolean migrating;
  private boolean started;
  private @Nullable CompletableFuture<Void> cancelling;
  private @Nullable CompletableFuture<Void> puttingAway;

  private QemuCapture(
      QemuMachine machine, CaptureStream stream, Supplier<CompletionStage<?>> quiet, boolean held) {
    this.machine = machine;
    this.stream = stream;
    this.quiet = quiet;
    this.held = held;
    this.stallWatch =
        new StallWatch(
            machine,
            stream,
            () -> !stored.isDone() && !(stream.drained() && migrated.isDone()),
            late -> {
              machine.blocking().execute(stream::drainAside);
              stream.giveUp(late);
            });
  }

  /** On the event loop, when no other capture is in progress. */
  static CompletionStage<QemuCapture> prepare(
      QemuMachine machine,
      CaptureStream stream,
      LocalSockets.Pair pair,
      Supplier<CompletionStage<?>> quiet) {
    boolean held = machine.version().canHoldBeforeStop();
    QemuCapture capture = new QemuCapture(machine, stream, quiet, held);
    machine.setCapture(capture);
    stream.committed().whenComplete((done, failed) -> capture.streamEnded(done, failed));
    machine.blocking().execute(stream::run);
    CompletionStage<Void> ready =
        machine
            .setCapability("background-snapshot", true)
            .thenCompose(done -> machine.giveDescriptor(DESCRIPTOR, pair));
    if (held) {
      ready = ready.thenCompose(done -> capture.migrate()).thenCompose(done -> capture.visited());
    }
    return ready.thenApply(done -> capture).exceptionallyCompose(failed -> capture.giveUp(failed));
  }

  private CompletionStage<QemuCapture> giveUp(Throwable failed) {
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

  private CompletionStage<Void> visited() {
    return CompletableFuture.runAsync(
        () ->
            BlockedThread.await(
                machine.process().pid(),
                BlockedThread.BACKGROUND_SNAPSHOT,
                machine.settings().visitTimeout(),
                migrated::isDone),
        machine.blocking());
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
          stallWatch.begin();
          CompletionStage<Long> resumed = held ? machine.nextResume() : resumeWhenPagesCome();
          stream.begin();
          return resumedUnlessFailed(resumed);
        });
  }

  private CompletionStage<Long> resumeWhenPagesCome() {
    CompletionStage<Void> pages =
        machine.within(
            stream.pagesCome(), machine.settings().commandTimeout(), "waiting for the first pages");
    return migrate()
        .thenCompose(done -> pages)
        .thenCompose(done -> machine.onLoop(machine::resumeOnLoop));
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
  public long stalledMicros() {
    return TimeUnit.NANOSECONDS.toMicros(stream.stalledNanos());
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
    if (started && !stored.isDone() && !stream.giveUp(cancelled)) {
      return machine.within(
          committedOrCleared(), machine.settings().commandTimeout(), "committing");
    }
    CompletableFuture<Void> attempt = new CompletableFuture<>();
    cancelling = attempt;
    stored.completeExceptionally(cancelled);
    quietBeforeStop()
        .thenCompose(done -> {
          stream.giveUp(cancelled);
          putAway();
          return pastProtection();
        })
        .thenCompose(done -> machine.resumeOnLoop())
        .whenComplete((at, failed) -> {
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

  /**
   * A migration that has begun stops the VM for a moment as soon as its stream is read. QEMU then
   * drops frames that it has read and the guest has not, so there must be none. Never fails: a
   * guest that takes no frames loses what it would not take, which the log says.
   */
  private CompletionStage<Void> quietBeforeStop() {
    if (!migrating || started) {
      return CompletableFuture.completedStage(null);
    }
    CompletableFuture<Void> held = new CompletableFuture<>();
    quiet
        .get()
        .whenComplete((done, failed) -> {
          if (failed != null) {
            log.warn(
                "VM {} may lose frames while its capture is given up: {}",
                machine.spec().name(),
                HypervisorException.reason(failed));
          }
          machine.loop().execute(() -> held.complete(null));
        });
    return held;
  }

  /**
   * When QEMU will not stop the VM any more. Never fails: then the VM may be resumed all the same.
   */
  private CompletionStage<Void> pastProtection() {
    if (!migrating) {
      stream.sever();
      return CompletableFuture.completedStage(null);
    }
    return machine
        .within(stream.pagesCome(), machine.settings().commandTimeout(), "the rest of the capture")
        .exceptionallyCompose(late -> machine.onLoop(() -> CompletableFuture.completedStage(null)));
  }

  /** The VM runs; that a slow store still holds the image is no reason to fail. */
  private CompletionStage<Void> putAwayInTime() {
    return machine
        .within(putAway(), machine.settings().commandTimeout(), "putting the capture away")
        .exceptionally(late -> {
          log.warn("VM {}: {}", machine.spec().name(), HypervisorException.reason(late));
          return null;
        });
  }

  /**
   * Makes the machine ready for its next capture. Without the capability QEMU would leave the
   * memory write-protected, so it stays on until QEMU is done, which shows in the stream's end.
   */
  @Override
  public CompletionStage<Void> putAway() {
    CompletableFuture<Void> current = puttingAway;
    if (current == null) {
      CompletableFuture<Void> begun = new CompletableFuture<>();
      puttingAway = begun;
      stream
          .ended()
          .thenCompose(
              done -> machine.onLoop(() -> machine.setCapability("background-snapshot", false)))
          .whenComplete((done, failed) -> {
            if (failed != null) {
              begun.completeExceptionally(failed);
            } else {
              machine.setCapture(null);
              stallWatch.end();
              begun.complete(null);
            }
          });
      return begun;
    }
    return current;
  }

  @Override
  public boolean over() {
    return stored.isDone();
  }

  @Override
  public void onStopped() {
    // By the cut, or by QEMU as part of it.
  }

  @Override
  public void onMigration(String status) {
    switch (status) {
      case "completed" -> {
        migrated.complete(null);
        stream.approve();
      }
      case "cancelled" ->
          endedBadly(new HypervisorException("somebody else cancelled the capture"));
      case "failed" -> machine.migrationFailure().thenAccept(this::endedBadly);
      default -> {
        // On its way.
      }
    }
  }

  @Override
  public void lost(HypervisorException reason) {
    migrated.completeExceptionally(reason);
    stored.completeExceptionally(reason);
    stream.giveUp(reason);
    stallWatch.end();
  }

  private void endedBadly(HypervisorException failure) {
    migrated.completeExceptionally(failure);
    stream.giveUp(failure);
  }

  /** On the stream's thread, or whoever ended it. */
  private void streamEnded(ImageWriter.@Nullable Committed committed, @Nullable Throwable failed) {
    machine.loop().execute(() -> settle(committed, failed));
  }

  private void settle(ImageWriter.@Nullable Committed committed, @Nullable Throwable failed) {
    if (committed != null) {
      putAwayInTime().whenComplete((done, late) -> stored.complete(committed));
    } else if (failed != null && cancelling == null && !stored.isDone()) {
      stored.completeExceptionally(HypervisorException.unwrap(failed));
      cancelOnLoop()
          .exceptionally(again -> {
            log.warn("VM {}: {}", machine.spec().name(), HypervisorException.reason(again));
            return null;
          });
    }
  }
}
