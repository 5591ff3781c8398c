package io.vnsnap.shell.render;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vnsnap.proto.Manifest;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;

/** What was deleted, or would be, for people and for programs. */
public final class DeletionView {
  private DeletionView() {}

  /** A line for each snapshot. */
  public static List<String> of(List<Manifest> snapshots, boolean dryRun, ZoneId zone) {
    List<String> lines = new ArrayList<>();
    for (Manifest snapshot : snapshots) {
      lines.add(
          Plain.line(
              "Snapshot %s of VNE %s, taken %s, %s"
                  .formatted(
                      snapshot.getSnapshotId(),
                      snapshot.getVne(),
                      Units.time(snapshot.getCreatedEpochMs(), zone),
                      dryRun ? "would be deleted" : "is deleted")));
    }
    if (!dryRun && !snapshots.isEmpty()) {
      lines.add("The space that only they needed comes back with: vnsnap gc");
    }
    return lines;
  }

  /** The same for programs. */
  public static List<String> json(List<Manifest> snapshots, boolean dryRun) {
    ObjectNode node = JsonNodeFactory.instance.objectNode().put("dryRun", dryRun);
    ArrayNode ids = node.putArray("deleted");
    snapshots.forEach(snapshot -> ids.add(snapshot.getSnapshotId()));
    return JsonView.text(node).lines().toList();
  }
}
