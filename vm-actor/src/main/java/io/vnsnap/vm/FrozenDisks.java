package io.vnsnap.vm;

import io.vnsnap.proto.DiskRecord;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.SnapshotStore;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The disks of a VM as they were at its cut, while the VM writes elsewhere. Threads and failures as
 * for {@link Machine}.
 */
public interface FrozenDisks {

  /** The disks of a VM that has none. */
  FrozenDisks NONE =
      new FrozenDisks() {
        @Override
        public CompletionStage<List<DiskRecord>> store(SnapshotStore store, ImageTarget target) {
          return CompletableFuture.completedStage(List.of());
        }

        @Override
        public long bytes() {
          return 0;
        }

        @Override
        public long totalBytes() {
          return 0;
        }

        @Override
        public CompletionStage<Void> cancel() {
          return CompletableFuture.completedStage(null);
        }
      };

  /**
   * Stores each disk: what has changed since it was last stored, or all of it.
   *
   * <p>Prerequisites: not called before. Effect on success: all disks are durable, and the next
   * snapshot stores only what changes from here. Effect on failure: none on the VM; what has
   * changed is stored with its next snapshot.
   *
   * @return the disks, in the order of the specification
   */
  CompletionStage<List<DiskRecord>> store(SnapshotStore store, ImageTarget target);

  /** Bytes of the disks looked at so far. */
  long bytes();

  /** Bytes of the disks in all, as the guest sees them. */
  long totalBytes();

  /**
   * Gives the disks up, at any time. Effect: a {@link #store} in progress fails, and nothing of it
   * is left open unless the store hangs. Nothing happens if they are stored already. Never fails.
   */
  CompletionStage<Void> cancel();
}
