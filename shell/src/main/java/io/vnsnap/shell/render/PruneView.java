package io.vnsnap.shell.render;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vnsnap.proto.Manifest;
import io.vnsnap.store.life.Retention;
import java.time.ZoneId;
import java.util.List;

/** Which snapshots are kept and why, for people and for programs. */
public final class PruneView {
  private PruneView() {}

  /** A line for each snapshot: what becomes of it and why. */
  public static List<String> plan(List<Retention.Decision> decisions, ZoneId zone, Style style) {
    Table table = new Table("", "SNAPSHOT", "LABEL", "VNE", "TAKEN", "WHY");
    for (Retention.Decision decision : decisions) {
      Manifest snapshot = decision.snapshot();
      table.row(
          decision.kept() ? "keep" : "delete",
          snapshot.getSnapshotId(),
          snapshot.getLabel().isEmpty() ? "-" : snapshot.getLabel(),
          snapshot.getVne(),
          Units.time(snapshot.getCreatedEpochMs(), zone),
          decision.kept() ? String.join(", ", decision.reasons()) : "no rule keeps it");
    }
    return decisions.isEmpty() ? List.of("There is no snapshot.") : table.lines(style);
  }

  /** What could not be decided on because it cannot be read. */
  public static List<String> unread(List<String> damaged, Style style) {
    return damaged.stream()
        .map(line -> style.bad("left alone, damaged: " + Plain.line(line)))
        .toList();
  }

  /** How many go and stay. */
  public static String summary(List<Retention.Decision> decisions, boolean deleted) {
    long kept = decisions.stream().filter(Retention.Decision::kept).count();
    long going = decisions.size() - kept;
    if (going == 0) {
      return "Nothing to delete: all %d are kept".formatted(kept);
    }
    return deleted
        ? "%d deleted, %d kept. The space comes back with: vnsnap gc".formatted(going, kept)
        : "%d would be deleted, %d kept".formatted(going, kept);
  }

  /** The same for programs. */
  public static List<String> json(
      List<Retention.Decision> decisions, List<String> damaged, boolean dryRun) {
    ObjectNode node = JsonNodeFactory.instance.objectNode().put("dryRun", dryRun);
    ArrayNode snapshots = node.putArray("snapshots");
    for (Retention.Decision decision : decisions) {
      ArrayNode reasons =
          snapshots
              .addObject()
              .put("snapshot", decision.snapshot().getSnapshotId())
              .put("vne", decision.snapshot().getVne())
              .put("kept", decision.kept())
              .putArray("reasons");
      decision.reasons().forEach(reasons::add);
    }
    ArrayNode unread = node.putArray("damaged");
    damaged.forEach(unread::add);
    return JsonView.text(node).lines().toList();
  }
}
