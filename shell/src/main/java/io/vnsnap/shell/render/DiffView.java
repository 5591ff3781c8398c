package io.vnsnap.shell.render;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vnsnap.proto.Manifest;
import io.vnsnap.store.life.SnapshotDiff;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What differs between two snapshots, for people and for programs. */
public final class DiffView {
  private DiffView() {}

  /** A line for each block of memory and each disk, then totals and what only one of them has. */
  public static List<String> of(SnapshotDiff diff, ZoneId zone, Style style) {
    List<String> lines = new ArrayList<>();
    lines.add("From " + name(diff.from(), zone));
    lines.add("To   " + name(diff.to(), zone));
    Table table = new Table("VM", "WHAT", ">PAGES", ">CHANGED", ">SHARE", ">BYTES", ">TO ZERO");
    for (SnapshotDiff.OfVm vm : diff.vms()) {
      vm.memory().forEach(changes -> row(table, vm.vm(), changes.name(), changes));
      vm.disks().forEach(changes -> row(table, vm.vm(), "disk " + changes.name(), changes));
    }
    if (!diff.vms().isEmpty()) {
      lines.addAll(table.lines(style));
    }
    diff.onlyFrom().forEach(vm -> lines.add("VM %s is only in %s".formatted(vm, id(diff.from()))));
    diff.onlyTo().forEach(vm -> lines.add("VM %s is only in %s".formatted(vm, id(diff.to()))));
    long bytes = 0;
    for (SnapshotDiff.OfVm vm : diff.vms()) {
      bytes += bytes(vm.memory()) + bytes(vm.disks());
    }
    lines.add(
        "%s differ in %d VMs"
            .formatted(bytes == 0 ? "No bytes" : Units.bytes(bytes), diff.vms().size()));
    return lines;
  }

  private static String id(Manifest manifest) {
    return Plain.line(manifest.getSnapshotId());
  }

  private static String name(Manifest manifest, ZoneId zone) {
    return "%s%s, taken %s"
        .formatted(
            id(manifest),
            manifest.getLabel().isEmpty() ? "" : " (" + Plain.line(manifest.getLabel()) + ")",
            Units.time(manifest.getCreatedEpochMs(), zone));
  }

  private static long bytes(List<SnapshotDiff.Changes> changes) {
    return changes.stream().mapToLong(one -> one.changed() * one.pageBytes()).sum();
  }

  private static void row(Table table, String vm, String what, SnapshotDiff.Changes changes) {
    String only = changes.onlyIn() == 0 ? "" : changes.onlyIn() == 1 ? " (gone)" : " (new)";
    table.row(
        vm,
        what + only,
        Units.count(changes.pages()),
        Units.count(changes.changed()),
        share(changes),
        Units.bytes(changes.changed() * changes.pageBytes()),
        Units.count(changes.zeroed()));
  }

  private static String share(SnapshotDiff.Changes changes) {
    return changes.pages() == 0
        ? "-"
        : String.format(Locale.ROOT, "%.1f %%", 100.0 * changes.changed() / changes.pages());
  }

  /** The same for programs. */
  public static List<String> json(SnapshotDiff diff) {
    ObjectNode node =
        JsonNodeFactory.instance
            .objectNode()
            .put("from", diff.from().getSnapshotId())
            .put("to", diff.to().getSnapshotId());
    ArrayNode vms = node.putArray("vms");
    for (SnapshotDiff.OfVm vm : diff.vms()) {
      ObjectNode one = vms.addObject().put("vm", vm.vm());
      add(one.putArray("memory"), vm.memory());
      add(one.putArray("disks"), vm.disks());
    }
    ArrayNode onlyFrom = node.putArray("onlyFrom");
    diff.onlyFrom().forEach(onlyFrom::add);
    ArrayNode onlyTo = node.putArray("onlyTo");
    diff.onlyTo().forEach(onlyTo::add);
    return JsonView.text(node).lines().toList();
  }

  private static void add(ArrayNode array, List<SnapshotDiff.Changes> changes) {
    for (SnapshotDiff.Changes one : changes) {
      array
          .addObject()
          .put("name", one.name())
          .put("pageBytes", one.pageBytes())
          .put("pages", one.pages())
          .put("changed", one.changed())
          .put("toZero", one.zeroed());
    }
  }
}
