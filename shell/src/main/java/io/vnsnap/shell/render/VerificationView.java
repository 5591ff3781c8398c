package io.vnsnap.shell.render;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.DropCount;
import io.vnsnap.proto.certificate.Channels;
import io.vnsnap.store.SnapshotVerification;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** What a check of a snapshot found, for people and for programs. */
public final class VerificationView {
  private VerificationView() {}

  /** A line per channel, then what is wrong, or that nothing is. */
  public static List<String> of(SnapshotVerification found, Style style) {
    Channels channels = new Channels(found.manifest().getTopology());
    Table table =
        new Table(
            "FROM", "TO", ">SENT", ">DELIVERED", ">RECORDED", ">DROPPED", "CLOSED", "BALANCE");
    for (ChannelRecord channel : found.certificate().channels()) {
      table.row(
          channels.name(channel.getFrom()),
          channels.name(channel.getTo()),
          Units.count(channel.getSent()),
          Units.count(channel.getDelivered()),
          Units.count(channel.getRecorded()),
          drops(channel),
          channel.getClosed() ? "by marker" : "no",
          balance(channel));
    }
    List<String> lines = new ArrayList<>(table.lines(style));
    String id = Plain.line(found.manifest().getSnapshotId());
    found.violations().forEach(violation -> lines.add(style.bad(Plain.line(violation))));
    lines.add(
        found.passed()
            ? "Snapshot %s: %d images and %d channel logs intact; every frame accounted for"
                .formatted(id, found.manifest().getImagesCount(), found.manifest().getLogsCount())
            : style.bad("Snapshot %s: %d violations".formatted(id, found.violations().size())));
    return lines;
  }

  private static long dropped(ChannelRecord channel) {
    return channel.getDropsList().stream().mapToLong(DropCount::getFrames).sum();
  }

  /** With the causes, when there are any. */
  private static String drops(ChannelRecord channel) {
    long dropped = dropped(channel);
    return dropped == 0
        ? "0"
        : channel.getDropsList().stream()
            .map(drop -> cause(drop) + " " + Units.count(drop.getFrames()))
            .collect(Collectors.joining(", "));
  }

  private static String cause(DropCount drop) {
    return drop.getCause().name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  private static String balance(ChannelRecord channel) {
    long missing =
        channel.getSent() - channel.getDelivered() - channel.getRecorded() - dropped(channel);
    return missing == 0
        ? "0"
        : (missing > 0 ? Units.count(missing) + " missing" : -missing + " too many");
  }

  /** The same for programs. */
  public static List<String> json(SnapshotVerification found) {
    Channels names = new Channels(found.manifest().getTopology());
    ObjectNode node =
        JsonNodeFactory.instance
            .objectNode()
            .put("snapshot", found.manifest().getSnapshotId())
            .put("passed", found.passed())
            .put("exact", found.certificate().exact());
    ArrayNode channels = node.putArray("channels");
    for (ChannelRecord channel : found.certificate().channels()) {
      ObjectNode one =
          channels
              .addObject()
              .put("from", names.name(channel.getFrom()))
              .put("to", names.name(channel.getTo()))
              .put("sent", channel.getSent())
              .put("delivered", channel.getDelivered())
              .put("recorded", channel.getRecorded())
              .put("closed", channel.getClosed());
      ObjectNode drops = one.putObject("drops");
      channel.getDropsList().forEach(drop -> drops.put(cause(drop), drop.getFrames()));
    }
    ArrayNode violations = node.putArray("violations");
    found.violations().forEach(violations::add);
    return JsonView.text(node).lines().toList();
  }
}
