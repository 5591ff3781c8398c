package io.vnsnap.vm.qemu;

import io.vnsnap.proto.DiskRecord;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.vm.BlockingWork;
import io.vnsnap.vm.FrozenDisks;
import io.vnsnap.vm.HypervisorException;
import io.vnsnap.vm.qemu.disk.DiskCopy;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The disks of one cut, stored one after another by one thread. Else everything here runs on the
 * machine's event loop.
 */
final class StoringDisks implements FrozenDisks {
  private static final Logger log = LoggerFactory.getLogger(StoringDisks.class);

  private final QemuMachine machine;
  private final List<DiskChain> chains;
  private final List<DiskCopy> copies = new ArrayList<>();
  private final List<String> names = new ArrayList<>();
  private final Runnable whenOver;
  private final CompletableFuture<List<DiskRecord>> stored = new CompletableFuture<>();
  private CompletionStage<Void> thread = CompletableFuture.completedStage(null);

  /**
   * @param disks just frozen
   * @param whenOver called on the event loop when they are stored, or given up
   */
  StoringDisks(QemuMachine machine, QemuDisks disks, Runnable whenOver) {
    this.machine = machine;
    this.chains = List.copyOf(disks.chains());
    this.whenOver = whenOver;
    for (DiskChain chain : chains) {
      copies.add(new DiskCopy(disks.tool(), chain.plan(disks.scratch(chain))));
      names.add(chain.disk().name());
    }
  }

  @Override
  public CompletionStage<List<DiskRecord>> store(SnapshotStore store, ImageTarget target) {
    return machine.onLoop(() -> {
      if (stored.isDone()) {
        return stored;
      }
      CompletionStage<List<DiskRecord>> copied =
          BlockingWork.on(machine.blocking(), () -> copyAll(store, target));
      thread = copied.handle((records, failed) -> null);
      copied.whenComplete((records, failed) ->
          machine
              .loop()
              .execute(() -> {
                if (records != null) {
                  succeed(records);
                } else {
                  fail(failed == null ? new IOException("no reason was given") : failed);
                }
              }));
      watchForStall(-1);
      return stored;
    });
  }

  private List<DiskRecord> copyAll(SnapshotStore store, ImageTarget target) throws Exception {
    List<DiskRecord> records = new ArrayList<>();
    for (int i = 0; i < copies.size(); i++) {
      try {
        records.add(copies.get(i).run(store, target));
      } catch (IOException | RuntimeException e) {
        throw new HypervisorException("disk " + names.get(i) + " was not stored", e);
      }
    }
    return records;
  }

  private void succeed(List<DiskRecord> records) {
    if (stored.isDone()) {
      return;
    }
    for (int i = 0; i < records.size(); i++) {
      chains.get(i).stored(records.get(i));
    }
    stored.complete(records);
    whenOver.run();
  }

  private void fail(Throwable cause) {
    if (!stored.isDone()) {
      stored.completeExceptionally(HypervisorException.unwrap(cause));
      copies.forEach(DiskCopy::abandon);
      whenOver.run();
    }
  }

  private void watchForStall(long bytesBefore) {
    var unused =
        machine
            .loop()
            .schedule(
                () -> {
                  if (stored.isDone()) {
                    return;
                  }
                  long bytes = bytes();
                  if (bytes == bytesBefore && copies.stream().noneMatch(DiskCopy::committing)) {
                    fail(
                        new TimeoutException(
                            "storing the disks stalled for "
                                + machine.settings().stallTimeout()
                                + " after "
                                + bytes
                                + " bytes"));
                  } else {
                    watchForStall(bytes);
                  }
                },
                machine.settings().stallTimeout().toMillis(),
                TimeUnit.MILLISECONDS);
  }

  @Override
  public long bytes() {
    return copies.stream().mapToLong(DiskCopy::bytes).sum();
  }

  @Override
  public long totalBytes() {
    return copies.stream().mapToLong(DiskCopy::totalBytes).sum();
  }

  @Override
  public CompletionStage<Void> cancel() {
    return machine.onLoop(() -> {
      fail(new java.util.concurrent.CancellationException("storing the disks was cancelled"));
      return ended()
          .exceptionally(late -> {
            log.warn("VM {}: {}", machine.spec().name(), HypervisorException.reason(late));
            return null;
          });
    });
  }

  /** Completes when no thread works on them any more; fails if that takes too long. */
  CompletionStage<Void> ended() {
    return machine.within(
        thread,
        machine.settings().commandTimeout(),
        "ending the storing of the last snapshot's disks");
  }

  /** The VM ends: what reads its files stops. */
  void abandon() {
    copies.forEach(DiskCopy::abandon);
  }
}
