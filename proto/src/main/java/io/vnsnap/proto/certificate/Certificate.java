package io.vnsnap.proto.certificate;

import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.DropCount;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VmStored;
import io.vnsnap.proto.certificate.Channels.Channel;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The proof that a snapshot accounts for every frame: each channel of the topology was closed by
 * its sender's marker, and what was sent before the cut was delivered, recorded or dropped for a
 * cause.
 *
 * @param channels as the receiving VMs reported them, ordered by sender and receiver
 * @param logs as the receiving VMs reported them, ordered by receiver
 * @param flaws one line for each thing that keeps the snapshot from being exact
 */
public record Certificate(
    List<ChannelRecord> channels, List<ChannelLogRecord> logs, List<String> flaws) {

  /** Whether every frame is accounted for. */
  public boolean exact() {
    return flaws.isEmpty();
  }

  /** Empty when exact; else the first flaw, and how many there are more. */
  public String inexactReason() {
    return switch (flaws.size()) {
      case 0 -> "";
      case 1 -> flaws.getFirst();
      default -> flaws.getFirst() + " (and " + (flaws.size() - 1) + " more)";
    };
  }

  /** Balances what all VMs of the topology have stored. */
  public static Certificate of(Topology topology, Collection<VmStored> stored) {
    Audit audit = new Audit(new Channels(topology));
    stored.forEach(audit::collect);
    return audit.certify();
  }

  /** Balances anew what a manifest says. */
  public static Certificate of(Manifest manifest) {
    Audit audit = new Audit(new Channels(manifest.getTopology()));
    manifest.getChannelsList().forEach(audit::add);
    manifest.getLogsList().forEach(audit::add);
    return audit.certify();
  }

  /** The computation of one certificate. */
  private static final class Audit {
    private final Channels channels;
    private final List<String> flaws = new ArrayList<>();
    private final SortedMap<Channel, ChannelRecord> records = new TreeMap<>();
    private final SortedMap<Integer, ChannelLogRecord> logs = new TreeMap<>();

    Audit(Channels channels) {
      this.channels = channels;
    }

    Certificate certify() {
      for (Channel channel : channels.all()) {
        ChannelRecord record = records.get(channel);
        if (record == null) {
          flaws.add("channel " + channels.name(channel) + " was not reported");
        } else {
          balance(channel, record);
        }
      }
      List<Channel> known = channels.all();
      records.keySet().stream()
          .filter(channel -> !known.contains(channel))
          .forEach(channel ->
              flaws.add("channel " + channels.name(channel) + " is not of the topology"));
      compareWithLogs();
      return new Certificate(
          List.copyOf(records.values()), List.copyOf(logs.values()), List.copyOf(flaws));
    }

    private void collect(VmStored stored) {
      String vm = stored.getImage().getVm();
      for (ChannelRecord record : stored.getChannelsList()) {
        if (!channels.vmOf(record.getTo()).equals(vm)) {
          Channel channel = new Channel(record.getFrom(), record.getTo());
          flaws.add("channel " + channels.name(channel) + " was reported by VM " + vm);
        }
        add(record);
      }
      stored.getLogsList().forEach(this::add);
    }

    private void add(ChannelRecord record) {
      Channel channel = new Channel(record.getFrom(), record.getTo());
      if (records.putIfAbsent(channel, record) != null) {
        flaws.add("channel " + channels.name(channel) + " was reported twice");
      }
    }

    private void add(ChannelLogRecord log) {
      if (logs.putIfAbsent(log.getTo(), log) != null) {
        flaws.add("the channel log of " + channels.name(log.getTo()) + " was reported twice");
      }
    }

    private void balance(Channel channel, ChannelRecord record) {
      String name = "channel " + channels.name(channel);
      if (!record.getClosed()) {
        flaws.add(name + " was not closed by its sender's marker");
        return;
      }
      long drops = record.getDropsList().stream().mapToLong(DropCount::getFrames).sum();
      boolean negative =
          record.getSent() < 0
              || record.getDelivered() < 0
              || record.getRecorded() < 0
              || record.getDropsList().stream().anyMatch(drop -> drop.getFrames() < 0);
      if (negative || record.getSent() != record.getDelivered() + record.getRecorded() + drops) {
        flaws.add(
            "%s does not balance: %d sent, but %d delivered, %d recorded and %d dropped"
                .formatted(
                    name, record.getSent(), record.getDelivered(), record.getRecorded(), drops));
      }
    }

    /** What the channels say was recorded must be what the logs hold. */
    private void compareWithLogs() {
      Map<Integer, Long> recorded = new HashMap<>();
      records.forEach(
          (channel, record) -> recorded.merge(channel.to(), record.getRecorded(), Long::sum));
      logs.forEach((to, log) -> {
        if (log.getFrames() != recorded.getOrDefault(to, 0L)) {
          flaws.add(logFlaw(to, log.getFrames(), recorded.getOrDefault(to, 0L)));
        }
      });
      recorded.forEach((to, frames) -> {
        if (frames != 0 && !logs.containsKey(to)) {
          flaws.add(logFlaw(to, 0, frames));
        }
      });
    }

    private String logFlaw(int to, long inLog, long recorded) {
      return "the channel log of %s holds %d frames, but its channels recorded %d"
          .formatted(channels.name(to), inLog, recorded);
    }
  }
}
