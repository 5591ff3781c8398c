package io.vnsnap.vm.qemu;

import io.vnsnap.vm.FrozenDisks;
import io.vnsnap.vm.HypervisorException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * What is done with a running machine's disks: frozen at a cut, stored behind it, folded after
 * that, each only when the one before is over. Everything here runs on the machine's event loop.
 */
final class DiskWork {
  private final QemuMachine machine;
  private final QemuDisks disks;
  private final QemuJobs jobs;
  private final DiskFolding folding;
  private @Nullable StoringDisks storing;

  DiskWork(QemuMachine machine, QemuDisks disks) {
    this.machine = machine;
    this.disks = disks;
    this.jobs = new QemuJobs(machine);
    this.folding = new DiskFolding(machine, disks, jobs);
  }

  /** Completes when the disks can be frozen; fails, saying why, when they will not be soon. */
  CompletionStage<Void> ready() {
    StoringDisks last = storing;
    CompletionStage<Void> ended =
        last == null ? CompletableFuture.completedStage(null) : last.ended();
    return ended.thenCompose(done -> machine.onLoop(folding::quiet));
  }

  /** Completes when no job works on them any more; at once when none does, as at a cut. */
  CompletionStage<Void> still() {
    return folding.still();
  }

  CompletionStage<FrozenDisks> freeze(String snapshotId) {
    if (disks.chains().isEmpty()) {
      return CompletableFuture.completedStage(FrozenDisks.NONE);
    }
    if (!disks.writable()) {
      return CompletableFuture.completedStage(frozen());
    }
    QemuDisks.Freeze freeze = disks.planFreeze(snapshotId);
    return machine
        .command("transaction", freeze.arguments())
        .thenApply(done -> {
          disks.frozen(freeze);
          return frozen();
        });
  }

  private FrozenDisks frozen() {
    StoringDisks now = new StoringDisks(machine, disks, folding::begin);
    storing = now;
    return now;
  }

  void onJobStatus(String job, String status) {
    jobs.onStatus(job, status);
  }

  /** The process is gone. */
  void lost(HypervisorException reason) {
    jobs.lost(reason);
    if (storing != null) {
      storing.abandon();
    }
  }
}
