package io.vnsnap.simulation.scenario;

import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.DropCount;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RecordedFrame;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VnicSpec;
import io.vnsnap.store.SnapshotStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Recomputes a sealed snapshot's certificate from what is stored, without the code that made it.
 */
final class Balance {
  private record Channel(int from, int to) {}

  private final SnapshotStore store;
  private final Manifest manifest;
  private final Map<Channel, List<Long>> numbers = new HashMap<>();

  private Balance(SnapshotStore store, Manifest manifest) {
    this.store = store;
    this.manifest = manifest;
  }

  /** Throws a {@link Violation} if anything is wrong with it. */
  static void check(SnapshotStore store, Manifest manifest) {
    try {
      new Balance(store, manifest).check();
    } catch (IOException e) {
      throw new Violation(
          "sealed snapshot %s cannot be read: %s".formatted(manifest.getSnapshotId(), e));
    }
  }

  private void check() throws IOException {
    Set<String> vms = new HashSet<>();
    for (ImageRecord image : manifest.getImagesList()) {
      store.readImage(manifest.getSnapshotId(), image).close();
      vms.add(image.getVm());
    }
    for (VmSpec vm : manifest.getTopology().getVmsList()) {
      require(vms.contains(vm.getName()), "has no image of " + vm.getName());
    }
    for (ChannelLogRecord log : manifest.getLogsList()) {
      for (RecordedFrame frame : store.readChannelLog(manifest.getSnapshotId(), log)) {
        numbers
            .computeIfAbsent(new Channel(frame.getFrom(), log.getTo()), c -> new ArrayList<>())
            .add(frame.getSequence());
      }
    }
    Set<Channel> seen = new HashSet<>();
    for (ChannelRecord record : manifest.getChannelsList()) {
      seen.add(new Channel(record.getFrom(), record.getTo()));
      check(record);
    }
    require(seen.equals(channels()), "does not have the channels of its topology");
    require(manifest.getExact(), "is not exact: " + manifest.getInexactReason());
  }

  private void check(ChannelRecord record) {
    Channel channel = new Channel(record.getFrom(), record.getTo());
    long drops = record.getDropsList().stream().mapToLong(DropCount::getFrames).sum();
    List<Long> recorded = numbers.getOrDefault(channel, List.of());
    require(record.getClosed(), channel + " was not closed");
    require(
        record.getSent() == record.getDelivered() + record.getRecorded() + drops,
        channel + " does not balance: " + record);
    require(recorded.size() == record.getRecorded(), channel + " has another log: " + record);
    for (int i = 0; i < recorded.size(); i++) {
      long number = recorded.get(i);
      require(
          number >= 1 && number <= record.getSent() && (i == 0 || number > recorded.get(i - 1)),
          channel + " has frame " + number + " out of place in its log");
      require(
          drops > 0 || number == record.getDelivered() + 1 + i,
          channel + " has frame " + number + " in its log where another one belongs: " + record);
    }
  }

  private Set<Channel> channels() {
    List<VnicSpec> vnics = new ArrayList<>();
    manifest.getTopology().getVmsList().forEach(vm -> vnics.addAll(vm.getVnicsList()));
    Set<Channel> all = new HashSet<>();
    for (int from = 0; from < vnics.size(); from++) {
      for (int to = 0; to < vnics.size(); to++) {
        if (from != to && vnics.get(from).getLink().equals(vnics.get(to).getLink())) {
          all.add(new Channel(from, to));
        }
      }
    }
    return all;
  }

  private void require(boolean holds, String what) {
    if (!holds) {
      throw new Violation("snapshot " + manifest.getSnapshotId() + " " + what);
    }
  }
}
