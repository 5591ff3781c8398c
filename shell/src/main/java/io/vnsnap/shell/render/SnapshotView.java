package io.vnsnap.shell.render;

import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.SnapshotList;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;

/** Snapshots for people. */
public final class SnapshotView {
  private SnapshotView() {}

  /** One line per snapshot, then one for each that cannot be read. */
  public static List<String> list(SnapshotList snapshots, ZoneId zone, Style style) {
    List<String> lines = new ArrayList<>();
    if (snapshots.getSnapshotsCount() == 0) {
      lines.add("There is no snapshot. Take one: vnsnap snapshot VNE");
    } else {
      Table table =
          new Table(
              "SNAPSHOT",
              "LABEL",
              "VNE",
              "TAKEN",
              ">VMS",
              ">SIZE",
              ">ADDED",
              ">LONGEST PAUSE",
              "EXACT");
      for (Manifest manifest : snapshots.getSnapshotsList()) {
        SnapshotFigures figures = SnapshotFigures.of(manifest);
        table.row(
            manifest.getSnapshotId(),
            manifest.getLabel().isEmpty() ? "-" : manifest.getLabel(),
            manifest.getVne(),
            Units.time(manifest.getCreatedEpochMs(), zone),
            Integer.toString(manifest.getImagesCount()),
            Units.bytes(figures.logicalBytes()),
            Units.bytes(figures.addedBytes()),
            Units.millis(figures.pauseMaxMs()),
            manifest.getExact() ? "yes" : "no");
      }
      lines.addAll(table.lines(style));
    }
    snapshots.getDamagedList().forEach(d -> lines.add(style.bad("damaged: " + Plain.line(d))));
    return lines;
  }

  /** One snapshot with its VMs. */
  public static List<String> one(Manifest manifest, ZoneId zone, Style style) {
    SnapshotFigures figures = SnapshotFigures.of(manifest);
    List<String> lines = new ArrayList<>();
    lines.add(
        "Snapshot %s of VNE %s%s"
            .formatted(
                style.strong(Plain.line(manifest.getSnapshotId())),
                Plain.line(manifest.getVne()),
                manifest.getLabel().isEmpty() ? "" : " (" + Plain.line(manifest.getLabel()) + ")"));
    lines.add(
        "Taken %s, sealed %s later"
            .formatted(
                Units.time(manifest.getCreatedEpochMs(), zone),
                Units.millis((double) manifest.getSealedEpochMs() - manifest.getCreatedEpochMs())));
    lines.add(
        manifest.getExact()
            ? "Exact: every channel balances"
            : style.bad("Not exact: " + Plain.line(manifest.getInexactReason())));
    lines.addAll(CaptureView.of(manifest, figures, style));
    lines.addAll(totals(figures));
    return lines;
  }

  /** One line per VM: where it ran, how long it stood still, what was recorded, what it takes. */
  public static List<String> vms(SnapshotFigures figures, Style style) {
    Table table = new Table("VM", "HOST", ">PAUSE", ">FRAMES RECORDED", ">IMAGE");
    for (SnapshotFigures.OfVm vm : figures.vms()) {
      table.row(
          vm.vm(),
          vm.host(),
          Units.millis(vm.pauseMs()),
          Units.count(vm.framesRecorded()),
          Units.bytes(vm.imageBytes()));
    }
    return table.lines(style);
  }

  private static List<String> totals(SnapshotFigures figures) {
    return List.of(
        "Pause: median %s, longest %s; skew %s"
            .formatted(
                Units.millis(figures.pauseP50Ms()),
                Units.millis(figures.pauseMaxMs()),
                Units.millis(figures.skewMs())),
        "Size: %s of memory, devices and disks; the store grew by %s"
            .formatted(Units.bytes(figures.logicalBytes()), Units.bytes(figures.addedBytes())),
        "Frames before the cut: %s sent, %s delivered, %s recorded in flight, %s dropped"
            .formatted(
                Units.count(figures.framesSent()),
                Units.count(figures.framesDelivered()),
                Units.count(figures.framesRecorded()),
                Units.count(figures.framesDropped())));
  }
}
