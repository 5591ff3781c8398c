package io.vnsnap.coordinator;

import io.vnsnap.coordinator.Operation.Plan;
import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.DeployOrdered;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Loading;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.Restore;
import io.vnsnap.proto.Staging;
import io.vnsnap.proto.TakeSnapshot;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.Up;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.topology.TopologyRules;
import io.vnsnap.proto.topology.Violation;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Whether requests make sense by themselves, whatever the VNE is doing. Pure. */
final class Requests {
  /** Longest label of a snapshot, characters. */
  static final int MAX_LABEL = 100;

  /** Longest deadline a request may set, ms: one day. */
  static final long MAX_DEADLINE_MS = 86_400_000;

  private Requests() {}

  /** Why this topology cannot be deployed; empty if it can. */
  static Optional<VneReply> flaw(String vne, Topology topology) {
    List<Violation> violations = TopologyRules.check(topology);
    if (!violations.isEmpty()) {
      Violation first = violations.getFirst();
      String more = violations.size() == 1 ? "" : " (and " + (violations.size() - 1) + " more)";
      return Optional.of(Replies.notPossible(first.name(), first.text() + more));
    }
    if (!topology.getName().equals(vne)) {
      return Optional.of(
          Replies.notPossible(
              topology.getName(),
              "the topology is of VNE \"%s\", but the request is for \"%s\""
                  .formatted(topology.getName(), vne)));
    }
    return Optional.empty();
  }

  /** What Up asks for. */
  static Plan plan(Up up) {
    Map<String, String> required = new HashMap<>();
    for (VmSpec vm : up.getTopology().getVmsList()) {
      if (!vm.getHost().isEmpty()) {
        required.put(vm.getName(), vm.getHost());
      }
    }
    return new Plan(
        up.getTopology(), Manifest.getDefaultInstance(), required, Map.of(), Loading.FULL);
  }

  /** Why this snapshot cannot be restored; empty if it can. */
  static Optional<VneReply> flaw(String vne, Restore restore) {
    Manifest manifest = restore.getManifest();
    if (manifest.getSnapshotId().isEmpty()) {
      return Optional.of(Replies.notPossible("", "the request names no snapshot"));
    }
    if (!manifest.getVne().equals(vne)) {
      return Optional.of(
          Replies.notPossible(
              manifest.getSnapshotId(),
              "snapshot %s is of VNE \"%s\", not of \"%s\""
                  .formatted(manifest.getSnapshotId(), manifest.getVne(), vne)));
    }
    if (restore.getLoading() == Loading.UNRECOGNIZED) {
      return Optional.of(
          Replies.notPossible("", "unknown way of loading; write LAZY_IF_POSSIBLE, LAZY or FULL"));
    }
    Optional<VneReply> bad = flaw(vne, manifest.getTopology());
    return bad.isPresent() ? bad : flawOfParts(restore);
  }

  private static Optional<VneReply> flawOfParts(Restore restore) {
    Set<String> images = new HashSet<>();
    restore.getManifest().getImagesList().forEach(image -> images.add(image.getVm()));
    Set<String> vms = new HashSet<>();
    for (VmSpec vm : restore.getManifest().getTopology().getVmsList()) {
      vms.add(vm.getName());
      if (!images.contains(vm.getName())) {
        return Optional.of(
            Replies.notPossible(
                vm.getName(),
                "snapshot %s has no image of VM %s; restore another one"
                    .formatted(restore.getManifest().getSnapshotId(), vm.getName())));
      }
    }
    return restore.getPlacementMap().keySet().stream()
        .filter(vm -> !vms.contains(vm))
        .sorted()
        .findFirst()
        .map(vm ->
            Replies.notPossible(
                vm, "the placement names VM \"" + vm + "\", which is not in the snapshot"));
  }

  /**
   * What Restore asks for. Hosts of the topology are only wished for, since they may be gone; so
   * are those where a snapshot by an older version has left a VM's disks, for they are not in the
   * store.
   */
  static Plan plan(Restore restore) {
    Map<String, String> wished = new HashMap<>();
    for (ImageRecord image : restore.getManifest().getImagesList()) {
      if (image.getDisksList().stream().anyMatch(disk -> disk.getObject().isEmpty())) {
        wished.put(image.getVm(), image.getHost());
      }
    }
    for (VmSpec vm : restore.getManifest().getTopology().getVmsList()) {
      if (!vm.getHost().isEmpty()) {
        wished.putIfAbsent(vm.getName(), vm.getHost());
      }
    }
    return new Plan(
        restore.getManifest().getTopology(),
        restore.getManifest(),
        restore.getPlacementMap(),
        wished,
        restore.getLoading());
  }

  /**
   * The same snapshot again, as far as possible on the same hosts, and this time with all memory
   * before anything runs.
   */
  static Plan again(Deployment deployment) {
    DeployOrdered order = deployment.order();
    return new Plan(
        order.getTopology(),
        Manifest.newBuilder()
            .setSnapshotId(order.getSnapshotId())
            .setEpoch(order.getEpoch())
            .build(),
        Map.of(),
        order.getPlacementMap(),
        Loading.FULL);
  }

  /** Why no such snapshot can be taken; empty if it can. */
  static Optional<VneReply> flaw(TakeSnapshot take) {
    String label = take.getLabel();
    if (label.length() > MAX_LABEL || label.chars().anyMatch(Character::isISOControl)) {
      return Optional.of(
          Replies.notPossible(
              "",
              "the label is too long or has control characters; write at most "
                  + MAX_LABEL
                  + " characters on one line"));
    }
    if (take.getDeadlineMs() < 0 || take.getDeadlineMs() > MAX_DEADLINE_MS) {
      return Optional.of(
          Replies.notPossible(
              "",
              "the deadline is %d ms; write 0 for the default, or at most %d"
                  .formatted(take.getDeadlineMs(), MAX_DEADLINE_MS)));
    }
    if (take.getMode() == CaptureMode.UNRECOGNIZED) {
      return Optional.of(
          Replies.notPossible("", "unknown capture mode; write AUTO, INSTANT or ROUNDS"));
    }
    if (take.getStaging() == Staging.UNRECOGNIZED) {
      return Optional.of(Replies.notPossible("", "unknown staging; write MEMORY or DISK"));
    }
    if (take.getMode() == CaptureMode.INSTANT && take.getStaging() != Staging.STAGING_UNSPECIFIED) {
      return Optional.of(
          Replies.notPossible(
              "",
              "staging is for captures in rounds, an INSTANT one takes each page once;"
                  + " leave staging out, or ask for ROUNDS or AUTO"));
    }
    return Optional.empty();
  }
}
