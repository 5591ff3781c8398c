package io.vnsnap.vm.qemu;

import io.vnsnap.vm.Machine;
import io.vnsnap.vm.VmNetwork;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A network without frames that keeps in mind whether it is shut. */
final class ShutOrOpen implements VmNetwork {
  private final AtomicLong timesShut = new AtomicLong();
  private volatile boolean shut;
  private volatile @Nullable QemuMachine machine;

  void watch(Machine of) {
    machine = (QemuMachine) of;
  }

  boolean isShut() {
    return shut;
  }

  long timesShut() {
    return timesShut.get();
  }

  /** How often the VM has stopped so far, by whomever. */
  long stops() {
    QemuMachine watched = machine;
    return watched == null ? 0 : watched.stops();
  }

  @Override
  public CompletionStage<?> hold() {
    return CompletableFuture.completedStage(null);
  }

  @Override
  public CompletionStage<?> shut() {
    shut = true;
    timesShut.incrementAndGet();
    return CompletableFuture.completedStage(null);
  }

  @Override
  public CompletionStage<?> reopen() {
    shut = false;
    return CompletableFuture.completedStage(null);
  }
}
