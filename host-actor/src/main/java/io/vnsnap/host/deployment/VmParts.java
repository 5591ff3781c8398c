package io.vnsnap.host.deployment;

import io.vnsnap.net.VnicEvent;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.VmStored;
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
  private boolean taken;
  private Optional<VmStored> stored = Optional.empty();

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

  /** The image, once, when nothing is missing any more. */
  Optional<ImageRecord> takeWhenComplete() {
    if (taken || image.isEmpty() || !logs.keySet().containsAll(vnics)) {
      return Optional.empty();
    }
    taken = true;
    return image;
  }

  Collection<VnicEvent.LogClosed> logs() {
    return List.copyOf(logs.values());
  }

  /** All of it is durable; the frames are no longer kept here. */
  void becameDurable(VmStored report) {
    stored = Optional.of(report);
    logs.clear();
  }

  /** What was reported when all of it was durable. */
  Optional<VmStored> stored() {
    return stored;
  }
}
