package io.vnsnap.shell.render;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vnsnap.store.life.GarbageCollection;
import io.vnsnap.store.life.GcPlan;
import java.util.ArrayList;
import java.util.List;

/** What garbage collection would do or has done, for people and for programs. */
public final class GcView {
  private GcView() {}

  /** A line for each kind of object. */
  public static List<String> plan(GcPlan plan, Style style) {
    if (plan.isEmpty()) {
      return List.of(
          "Nothing to collect: all of %s is needed".formatted(Units.bytes(plan.neededBytes())));
    }
    Table table = new Table("WHAT", ">OBJECTS", ">SIZE", ">COMES BACK");
    for (GcPlan.Kind kind : GcPlan.Kind.values()) {
      List<GcPlan.Item> items = plan.removed(kind);
      if (!items.isEmpty()) {
        String bytes = Units.bytes(items.stream().mapToLong(GcPlan.Item::bytes).sum());
        table.row(kind.words(), Units.count(items.size()), bytes, bytes);
      }
    }
    if (!plan.repacked().isEmpty()) {
      table.row(
          "packs mostly dead, live pages written anew",
          Units.count(plan.repacked().size()),
          Units.bytes(plan.repacked().stream().mapToLong(GcPlan.Repack::bytes).sum()),
          "about "
              + Units.bytes(plan.repacked().stream().mapToLong(GcPlan.Repack::freedBytes).sum()));
    }
    List<String> lines = new ArrayList<>(table.lines(style));
    lines.add(
        "%s would come back, %s stay as they are"
            .formatted(Units.bytes(plan.freedBytes()), Units.bytes(plan.neededBytes())));
    return lines;
  }

  /** What is done. */
  public static List<String> result(GarbageCollection.Result result) {
    List<String> lines = new ArrayList<>();
    if (result.acquitted() > 0) {
      lines.add(
          "%d objects stay: a snapshot that was being taken needs them"
              .formatted(result.acquitted()));
    }
    lines.add(
        result.removed().isEmpty() && result.freedBytes() == 0
            ? "Nothing to collect"
            : "%s came back: %s objects removed, %d packs written anew"
                .formatted(
                    Units.bytes(result.freedBytes()),
                    Units.count(result.removed().size()),
                    result.plan().repacked().size()));
    return lines;
  }

  /** A plan for programs. */
  public static List<String> planJson(GcPlan plan) {
    return JsonView.text(node(plan).put("dryRun", true)).lines().toList();
  }

  /** A result for programs: the plan, and what came of it. */
  public static List<String> resultJson(GarbageCollection.Result result) {
    ObjectNode node =
        node(result.plan())
            .put("dryRun", false)
            .put("objectsRemoved", result.removed().size())
            .put("bytesCameBack", result.freedBytes())
            .put("acquitted", result.acquitted());
    return JsonView.text(node).lines().toList();
  }

  private static ObjectNode node(GcPlan plan) {
    ObjectNode node =
        JsonNodeFactory.instance
            .objectNode()
            .put("freedBytes", plan.freedBytes())
            .put("neededBytes", plan.neededBytes());
    ArrayNode removed = node.putArray("remove");
    for (GcPlan.Item item : plan.removed()) {
      removed.addObject().put("object", item.object()).put("bytes", item.bytes());
    }
    ArrayNode repacked = node.putArray("writeAnew");
    for (GcPlan.Repack pack : plan.repacked()) {
      repacked
          .addObject()
          .put("object", pack.object())
          .put("bytes", pack.bytes())
          .put("pages", pack.pages())
          .put("livePages", pack.livePages());
    }
    return node;
  }
}
