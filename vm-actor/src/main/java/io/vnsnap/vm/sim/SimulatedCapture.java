package io.vnsnap.vm.sim;

import io.vnsnap.store.ImageWriter;
import io.vnsnap.vm.Capture;
import io.vnsnap.vm.HypervisorException;
import io.vnsnap.vm.sim.guest.FrozenMemory;
import java.io.IOException;
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
 * A copy-on-write capture. {@link #start} freezes the memory and lets the VM run at once; then the
 * event loop copies one chunk of pages at a time, and a thread that may block gives it to the
 * store, by turns. Only what that thread does is not on the event loop.
 */
final class SimulatedCapture implements Capture {
  private static final Logger log = LoggerFactory.getLogger(SimulatedCapture.class);

  private static final int NO_BLOCK = -1;

  private final SimulatedMachine machine;
  private final ImageWriter writer;
  private final CompletableFuture<ImageWriter.Committed> stored = new CompletableFuture<>();
  private @Nullable FrozenMemory frozen;
  private SimulatedImage.Devices devices = SimulatedImage.Devices.NONE;
  private boolean writing;
  private boolean closed;
  private int next;
  private long chunks;
  private int block = NO_BLOCK;
  private volatile long bytes;
  private volatile long stalledNanos;

  SimulatedCapture(SimulatedMachine machine, ImageWriter writer) {
    this.machine = machine;
    this.writer = writer;
  }

  @Override
  public CompletionStage<Long> start() {
    return machine.operation("capturing", this::startOnLoop);
  }

  private CompletionStage<Long> startOnLoop() {
    if (frozen != null || over()) {
      return CompletableFuture.failedStage(new HypervisorException("the capture is over"));
    }
    if (machine.isRunning()) {
      return CompletableFuture.failedStage(new HypervisorException("the VM is not paused"));
    }
    FrozenMemory memory = machine.board().memory().freeze();
    frozen = memory;
    PageChunk made = new PageChunk(Math.min(memory.size(), machine.settings().chunkPages()) + 1);
    devices = machine.devices();
    CompletionStage<Long> resumed = machine.resumeOnLoop();
    log.debug(
        "VM {}: {} of {} pages were written to since the last capture",
        machine.spec().name(),
        memory.dirtyPages(),
        memory.size());
    watchForStall(-1);
    writeNext(memory, made);
    return resumed;
  }

  private void writeNext(FrozenMemory memory, PageChunk into) {
    while (next < memory.size() && into.hasRoom()) {
      byte[] page = memory.take(next);
      if (page != null) {
        into.add(next, page);
      }
      next++;
    }
    boolean last = next == memory.size() && into.hasRoom();
    writing = true;
    try {
      machine.blocking().execute(() -> writeBlocking(into, last));
    } catch (RejectedExecutionException e) {
      writing = false;
      fail(new HypervisorException("this host does as much at a time as it may", e));
    }
  }

  private void writeBlocking(PageChunk pages, boolean last) {
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
      machine.loop().execute(() -> chunkWritten(pages, committed));
    } catch (IOException | RuntimeException e) {
      machine
          .loop()
          .execute(() -> {
            writing = false;
            fail(e);
          });
    }
  }

  private void chunkWritten(PageChunk pages, ImageWriter.@Nullable Committed committed) {
    writing = false;
    chunks++;
    pages.clear();
    if (committed != null) {
      close();
      stored.complete(committed);
    } else if (over()) {
      close();
    } else if (frozen != null) {
      writeNext(frozen, pages);
    }
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
