package io.vnsnap.vm.qemu;

import io.vnsnap.vm.HypervisorException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Whether the VM runs, as QEMU's events tell, and who waits for that to change. On the machine's
 * event loop. Times are QEMU's own, in microseconds since the Unix epoch.
 */
final class RunState {
  private final List<CompletableFuture<Long>> stopWaiters = new ArrayList<>();
  private final List<CompletableFuture<Long>> resumeWaiters = new ArrayList<>();
  private boolean running;
  private long stoppedAt;
  private long resumedAt;
  private final AtomicLong stops = new AtomicLong();

  boolean running() {
    return running;
  }

  /** How often it has stopped; asked by any thread. */
  long stops() {
    return stops.get();
  }

  void stopped(long atMicros) {
    running = false;
    var unused = stops.incrementAndGet();
    stoppedAt = atMicros;
    List.copyOf(stopWaiters).forEach(waiter -> waiter.complete(atMicros));
  }

  void resumed(long atMicros) {
    running = true;
    resumedAt = atMicros;
    List.copyOf(resumeWaiters).forEach(waiter -> waiter.complete(atMicros));
  }

  /** The process has ended: nothing of this will ever happen. */
  void lost(HypervisorException reason) {
    running = false;
    List.copyOf(stopWaiters).forEach(waiter -> waiter.completeExceptionally(reason));
    List.copyOf(resumeWaiters).forEach(waiter -> waiter.completeExceptionally(reason));
  }

  /** When it stopped, now or at the next STOP event. */
  CompletionStage<Long> whenStopped(QemuMachine machine) {
    return running
        ? await(machine, stopWaiters, "the STOP event")
        : CompletableFuture.completedStage(stoppedAt);
  }

  /** When it began to run, now or at the next RESUME event. */
  CompletionStage<Long> whenRunning(QemuMachine machine) {
    return running ? CompletableFuture.completedStage(resumedAt) : nextResume(machine);
  }

  /** Completes at the next RESUME event. */
  CompletionStage<Long> nextResume(QemuMachine machine) {
    return await(machine, resumeWaiters, "the RESUME event");
  }

  private static CompletionStage<Long> await(
      QemuMachine machine, List<CompletableFuture<Long>> waiters, String what) {
    CompletableFuture<Long> waiter = new CompletableFuture<>();
    waiters.add(waiter);
    return machine
        .within(waiter, machine.settings().commandTimeout(), "waiting for " + what)
        .whenComplete((at, failed) -> {
          waiter.cancel(false);
          waiters.removeIf(CompletableFuture::isDone);
        });
  }
}
