package io.vnsnap.shell.render;

import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RoundRecord;
import io.vnsnap.proto.SnapshotList;
import io.vnsnap.proto.Staging;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;

/** Snapshots for people. */
public final class SnapshotView {
  private static final double US_PER_MS = 1000;

  private SnapshotView() {}

  /** One line per snapshot, then one for each that cannot be read. */
  public static List<String> list(SnapshotList snapshots, ZoneId zone, Style style) {
    List<String> lines = new ArrayList<>();
    if (snapshots.getSnapshotsCount() == 0) {
      lines.add("There is no snapshot. Take one: vnsnap snapshot VNE");
    } else {
      Table table =
          new Table(
              "SNAPSHOT", "LABEL", "VNE", "TAKEN", ">VMS", ">SIZE", ">LONGEST PAUSE", "EXACT");
      for (Manifest manifest : snapshots.getSnapshotsList()) {
        SnapshotFigures figures = SnapshotFigures.of(manifest);
        table.row(
            manifest.getSnapshotId(),
            manifest.getLabel().isEmpty() ? "-" : manifest.getLabel(),
            manifest.getVne(),
            Units.time(manifest.getCreatedEpochMs(), zone),
            Integer.toString(manifest.getImagesCount()),
            Units.bytes(figures.imageBytes()),
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
    lines.addAll(vms(figures, style));
    lines.addAll(totals(figures));
    manifest.getImagesList().stream()
        .filter(image -> image.getMode() == CaptureMode.ROUNDS)
        .map(SnapshotView::rounds)
        .forEach(lines::add);
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

  /** What a capture in rounds copied, and when. */
  private static String rounds(ImageRecord image) {
    List<String> rounds = new ArrayList<>();
    for (RoundRecord round : image.getRoundsList()) {
      rounds.add(
          "%s pages in %s"
              .formatted(
                  Units.count(round.getPages()), Units.millis(round.getDurationUs() / US_PER_MS)));
    }
    String afterCut = rounds.isEmpty() ? "nothing" : rounds.removeLast();
    return "Rounds of %s, staged %s: %s; after the cut %s"
        .formatted(
            Plain.line(image.getVm()),
            image.getStaging() == Staging.MEMORY ? "in memory" : "on disk",
            String.join(", ", rounds),
            afterCut);
  }

  private static List<String> totals(SnapshotFigures figures) {
    return List.of(
        "Pause: median %s, longest %s; skew %s; images %s"
            .formatted(
                Units.millis(figures.pauseP50Ms()),
                Units.millis(figures.pauseMaxMs()),
                Units.millis(figures.skewMs()),
                Units.bytes(figures.imageBytes())),
        "Frames before the cut: %s sent, %s delivered, %s recorded in flight, %s dropped"
            .formatted(
                Units.count(figures.framesSent()),
                Units.count(figures.framesDelivered()),
                Units.count(figures.framesRecorded()),
                Units.count(figures.framesDropped())));
  }
}
