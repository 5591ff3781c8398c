package io.vnsnap.host.deployment;

import io.vnsnap.net.VnicEvent;
import io.vnsnap.proto.ImageRecord;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What has come together of one VM's part in a snapshot: its image, and the closed logs of the
 * channels that end at each of its VNICs. They come in any order.
 */
final class VmParts {
  private final String snapshotId;
  private final int epoch;
  private final List<Integer> vnics;
  private final Map<Integer, VnicEvent.LogClosed> logs = new TreeMap<>();
  private Optional<ImageRecord> image = Optional.empty();

  /**
   * @param epoch of the gates after the cut
   * @param vnics numbers of the VM's VNICs
   */
  VmParts(String snapshotId, int epoch, List<Integer> vnics) {
    this.snapshotId = snapshotId;
    this.epoch = epoch;
    this.vnics = vnics;
  }

  String snapshotId() {
    return snapshotId;
  }

  int epoch() {
    return epoch;
  }

  void add(ImageRecord stored) {
    image = Optional.of(stored);
  }

  void add(VnicEvent.LogClosed closed) {
    logs.put(closed.vnic(), closed);
  }

  /** The image, once nothing is missing any more. */
  Optional<ImageRecord> complete() {
    return logs.keySet().containsAll(vnics) ? image : Optional.empty();
  }

  Collection<VnicEvent.LogClosed> logs() {
    return logs.values();
  }
}
