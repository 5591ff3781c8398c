package io.vnsnap.shell.api;

import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RefusalCode;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What a user wrote to name a snapshot: its id, a beginning of it that no other id has, or its
 * label. An id wins over a label, a label over a prefix.
 */
public final class SnapshotReference {
  private static final int NAMED_AT_MOST = 5;

  private SnapshotReference() {}

  /**
   * The one snapshot that the reference means.
   *
   * @throws RefusedException if it means none or several; the message lists what to choose from
   */
  public static Manifest resolve(String reference, List<Manifest> snapshots)
      throws RefusedException {
    for (Manifest m : snapshots) {
      if (m.getSnapshotId().equals(reference)) {
        return m;
      }
    }
    List<Manifest> found = snapshots.stream().filter(m -> m.getLabel().equals(reference)).toList();
    if (found.isEmpty()) {
      found = snapshots.stream().filter(m -> m.getSnapshotId().startsWith(reference)).toList();
    }
    if (reference.isEmpty() || found.isEmpty()) {
      throw new RefusedException(
          RefusalCode.NOT_POSSIBLE,
          "no snapshot has the id, label or id prefix '" + reference + "': see vnsnap snapshots");
    }
    if (found.size() > 1) {
      throw new RefusedException(
          RefusalCode.NOT_POSSIBLE,
          "'%s' means %d snapshots: %s; give more of the id"
              .formatted(reference, found.size(), someIds(found)));
    }
    return found.get(0);
  }

  private static String someIds(List<Manifest> snapshots) {
    String ids =
        snapshots.stream()
            .limit(NAMED_AT_MOST)
            .map(Manifest::getSnapshotId)
            .collect(Collectors.joining(", "));
    return snapshots.size() > NAMED_AT_MOST ? ids + ", ..." : ids;
  }
}
