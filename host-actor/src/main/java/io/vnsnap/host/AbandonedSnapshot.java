package io.vnsnap.host;

import io.vnsnap.store.NoSuchSnapshotException;
import io.vnsnap.store.SnapshotStore;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A snapshot that its coordinator has decided does not exist. */
public final class AbandonedSnapshot {
  private static final Logger LOG = LoggerFactory.getLogger(AbandonedSnapshot.class);

  private AbandonedSnapshot() {}

  /**
   * Takes it out of the store. If it was sealed and the coordinator did not hear of it in time, it
   * is deleted: whoever asked for it was told that it failed. Parts that cannot be removed stay, as
   * without a manifest they are not a snapshot. May be called again, and by several hosts. Blocks.
   *
   * @throws IOException if it may still be sealed
   */
  public static void remove(SnapshotStore store, String snapshotId) throws IOException {
    try {
      store.discard(snapshotId);
    } catch (IOException e) {
      LOG.warn("parts of the aborted snapshot {} stay in the store", snapshotId, e);
    }
    try {
      store.manifest(snapshotId);
    } catch (NoSuchSnapshotException e) {
      return;
    } catch (IOException e) {
      LOG.warn("the manifest of the aborted snapshot {} is damaged", snapshotId, e);
    }
    try {
      store.delete(snapshotId);
      LOG.warn("deleted snapshot {}: it was sealed, and aborted all the same", snapshotId);
    } catch (NoSuchSnapshotException e) {
      LOG.debug("another host has deleted snapshot {}", snapshotId);
    }
  }
}
