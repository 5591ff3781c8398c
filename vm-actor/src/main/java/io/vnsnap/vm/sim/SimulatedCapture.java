package io.vnsnap.vm.sim;

import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.RoundRecord;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.vm.Capture;
import io.vnsnap.vm.CapturePlan;
import io.vnsnap.vm.HypervisorException;
import io.vnsnap.vm.RoundRules;
import io.vnsnap.vm.sim.guest.FrozenMemory;
import io.vnsnap.vm.sim.guest.GuestMemory;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A capture. INSTANT: {@link #start} freezes the memory and lets the VM run at once; then the event
 * loop copies one chunk of pages at a time, and a thread that may block gives it to the store, by
 * turns. ROUNDS: the same is done with the VM running in {@link #prepare}, then again with the
 * pages that were written to meanwhile, and {@link #start} has only those of the last round to
 * copy. Only what that thread does is not on the event loop.
 */
final class SimulatedCapture implements Capture {
  private static final Logger log = LoggerFactory.getLogger(SimulatedCapture.class);

  private static final int NO_BLOCK = -1;
  private static final long NANOS_PER_MICRO = 1000;

  private final SimulatedMachine machine;
  private final ImageWriter writer;
  private final CaptureMode mode;
  private final RoundRules rules;
  private final CompletableFuture<Void> ready = new CompletableFuture<>();
  private final CompletableFuture<ImageWriter.Committed> stored = new CompletableFuture<>();
  private final List<RoundRecord> rounds = new ArrayList<>();
  private @Nullable FrozenMemory frozen;
  private boolean started;
  private boolean everything = true;
  private long begunAt;
  private long roundAt;
  private long before;
  private int copied;
  private int zeros;
  private SimulatedImage.Devices devices = SimulatedImage.Devices.NONE;
  private boolean writing;
  private boolean closed;
  private int next;
  private long chunks;
  private int block = NO_BLOCK;
  private volatile long bytes;
  private volatile long stalledNanos;

  SimulatedCapture(SimulatedMachine machine, ImageWriter writer, CapturePlan plan) {
    this.machine = machine;
    this.writer = writer;
    this.mode = plan.mode();
    this.rules = new RoundRules(plan.rounds());
  }

  /** Completes when the cut may come. On the event loop. */
  CompletionStage<Void> prepare() {
    if (mode == CaptureMode.INSTANT) {
      ready.complete(null);
    } else {
      begunAt = machine.board().nanos();
      before = (long) machine.spec().memoryMib() << 20;
      copy(new PageChunk(chunkPages()));
    }
    return ready;
  }

  @Override
  public CompletionStage<Long> start() {
    return machine.operation("capturing", this::startOnLoop);
  }

  private CompletionStage<Long> startOnLoop() {
    if (started || frozen != null || over()) {
      return CompletableFuture.failedStage(new HypervisorException("the capture is over"));
    }
    if (machine.isRunning()) {
      return CompletableFuture.failedStage(new HypervisorException("the VM is not paused"));
    }
    started = true;
    devices = machine.devices();
    FrozenMemory memory = freeze();
    CompletionStage<Long> resumed = machine.resumeOnLoop();
    writeNext(memory, new PageChunk(chunkPages()));
    return resumed;
  }

  private int chunkPages() {
    return machine.settings().chunkPages() + 1;
  }

  private void copy(PageChunk into) {
    writeNext(freeze(), into);
  }

  private FrozenMemory freeze() {
    FrozenMemory memory = machine.board().memory().freeze();
    frozen = memory;
    next = 0;
    copied = 0;
    zeros = 0;
    roundAt = machine.board().nanos();
    log.debug(
        "VM {}: {} of {} pages were written to since the last capture or round",
        machine.spec().name(),
        memory.dirtyPages(),
        memory.size());
    watchForStall(-1);
    return memory;
  }

  private void writeNext(FrozenMemory memory, PageChunk into) {
    while (next < memory.size() && into.hasRoom()) {
      byte[] page = everything || memory.isDirty(next) ? memory.take(next) : null;
      if (page != null) {
        into.add(next, page);
        copied++;
      } else if (everything) {
        zeros++;
      }
      next++;
    }
    boolean ends = next == memory.size() && into.hasRoom();
    boolean last = ends && started;
    writing = true;
    try {
      machine.blocking().execute(() -> writeBlocking(into, ends, last));
    } catch (RejectedExecutionException e) {
      writing = false;
      fail(new HypervisorException("this host does as much at a time as it may", e));
    }
  }

  private void writeBlocking(PageChunk pages, boolean ends, boolean last) {
    try {
      if (block == NO_BLOCK) {
        block = writer.block(SimulatedImage.RAM, (long) machine.spec().memoryMib() << 20);
      }
      pages.writeTo(writer, block);
      if (last) {
        writer.write(ImageEncoder.rest(devices));
      }
      bytes = writer.bytes();
      stalledNanos = writer.stalledNanos();
      ImageWriter.Committed committed = last ? writer.commit() : null;
      machine.loop().execute(() -> chunkWritten(pages, ends, committed));
    } catch (IOException | RuntimeException e) {
      machine
          .loop()
          .execute(() -> {
            writing = false;
            fail(e);
          });
    }
  }

  private void chunkWritten(
      PageChunk pages, boolean ends, ImageWriter.@Nullable Committed committed) {
    writing = false;
    chunks++;
    pages.clear();
    if (committed != null) {
      record();
      close();
      stored.complete(committed);
    } else if (over()) {
      close();
    } else if (ends) {
      roundEnds(pages);
    } else if (frozen != null) {
      writeNext(frozen, pages);
    }
  }

  private void roundEnds(PageChunk pages) {
    record();
    if (frozen != null) {
      frozen.release();
      frozen = null;
    }
    everything = false;
    long dirty = (long) machine.board().memory().dirtyPages() * GuestMemory.PAGE;
    Duration elapsed = Duration.ofNanos(machine.board().nanos() - begunAt);
    if (rules.last(rounds.size() + 1, dirty, before, elapsed).isPresent()) {
      ready.complete(null);
    } else {
      before = dirty;
      copy(pages);
    }
  }

  private void record() {
    if (mode == CaptureMode.ROUNDS) {
      rounds.add(
          RoundRecord.newBuilder()
              .setPages((long) copied + zeros)
              .setZeroPages(zeros)
              .setBytes((long) copied * GuestMemory.PAGE)
              .setDurationUs((machine.board().nanos() - roundAt) / NANOS_PER_MICRO)
              .build());
    }
  }

  @Override
  public CaptureMode mode() {
    return mode;
  }

  @Override
  public List<RoundRecord> rounds() {
    return stored.isDone() ? List.copyOf(rounds) : List.of();
  }

  @Override
  public CompletionStage<ImageWriter.Committed> stored() {
    return stored.minimalCompletionStage();
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public long stalledMicros() {
    return TimeUnit.NANOSECONDS.toMicros(stalledNanos);
  }

  @Override
  public CompletionStage<Void> cancel() {
    return machine.operation(
        "cancelling a capture",
        () -> {
          if (stored.isDone() && !stored.isCompletedExceptionally()) {
            return CompletableFuture.completedStage(null);
          }
          fail(new CancellationException("the capture was cancelled"));
          return machine.resumeOnLoop().thenAccept(at -> {});
        });
  }

  /** Whether nobody wants anything of it any more. */
  boolean over() {
    return stored.isDone();
  }

  /** The image is not wanted, or cannot be had, any more. */
  void fail(Throwable reason) {
    stored.completeExceptionally(reason);
    ready.completeExceptionally(reason);
    close();
  }

  /** Gives back what it holds; the writer when nobody uses it any more. */
  private void close() {
    if (frozen != null) {
      frozen.release();
    }
    if (!writing && !closed) {
      closed = true;
      machine.closeOnBlocking(writer);
    }
  }

  private void watchForStall(long chunksBefore) {
    var timer =
        machine
            .loop()
            .schedule(
                () -> {
                  if (frozen == null) {
                    return; // waits for its cut
                  }
                  if (chunks == chunksBefore) {
                    fail(
                        new TimeoutException(
                            "the store took nothing of the capture for "
                                + machine.settings().stallTimeout()
                                + " after "
                                + bytes
                                + " bytes"));
                  } else {
                    watchForStall(chunks);
                  }
                },
                machine.settings().stallTimeout().toMillis(),
                TimeUnit.MILLISECONDS);
    var unused = stored.whenComplete((done, failed) -> timer.cancel(false));
  }
}
