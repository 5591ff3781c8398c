package io.vnsnap.shell.render;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RoundRecord;
import io.vnsnap.proto.Staging;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** How the VMs of a snapshot were captured and what that takes. */
final class CaptureView {
  private static final String NONE = "-";

  private CaptureView() {}

  /** A table of the VMs; then one of the rounds and one of the disks, where there are any. */
  static List<String> of(Manifest manifest, SnapshotFigures figures, Style style) {
    List<String> lines = new ArrayList<>(vms(manifest, figures, style));
    List<ImageRecord> images = manifest.getImagesList();
    if (images.stream().anyMatch(image -> image.getRoundsCount() > 0)) {
      lines.add("");
      lines.addAll(rounds(images, style));
    }
    if (images.stream().anyMatch(image -> image.getDisksCount() > 0)) {
      lines.add("");
      lines.addAll(disks(images, style));
    }
    if (lines.contains("")) {
      lines.add("");
    }
    return lines;
  }

  private static List<String> vms(Manifest manifest, SnapshotFigures figures, Style style) {
    Table table =
        new Table(
            "VM",
            "HOST",
            "MODE",
            ">PAUSE",
            ">STALLED",
            ">FRAMES RECORDED",
            ">IMAGE",
            ">DISKS",
            ">ADDED");
    for (int i = 0; i < figures.vms().size(); i++) {
      SnapshotFigures.OfVm vm = figures.vms().get(i);
      ImageRecord image = manifest.getImages(i);
      table.row(
          vm.vm(),
          vm.host(),
          mode(image),
          Units.millis(vm.pauseMs()),
          image.getStalledUs() == 0 ? NONE : Units.millis(image.getStalledUs() / 1000.0),
          Units.count(vm.framesRecorded()),
          Units.bytes(vm.imageBytes()),
          vm.diskBytes() == 0 ? NONE : Units.bytes(vm.diskBytes()),
          Units.bytes(vm.addedBytes()));
    }
    return table.lines(style);
  }

  private static String mode(ImageRecord image) {
    if (image.getMode() == CaptureMode.AUTO || image.getMode() == CaptureMode.UNRECOGNIZED) {
      return NONE;
    }
    String mode = image.getMode().name().toLowerCase(Locale.ROOT);
    return image.getMode() == CaptureMode.ROUNDS && known(image.getStaging())
        ? mode + ", " + image.getStaging().name().toLowerCase(Locale.ROOT)
        : mode;
  }

  private static boolean known(Staging staging) {
    return staging == Staging.MEMORY || staging == Staging.DISK;
  }

  private static List<String> rounds(List<ImageRecord> images, Style style) {
    Table table = new Table("VM", ">ROUND", ">PAGES", ">ZERO", ">BYTES", ">TIME");
    for (ImageRecord image : images) {
      for (int i = 0; i < image.getRoundsCount(); i++) {
        RoundRecord round = image.getRounds(i);
        table.row(
            image.getVm(),
            i == image.getRoundsCount() - 1 ? "cut" : Integer.toString(i + 1),
            Units.count(round.getPages()),
            Units.count(round.getZeroPages()),
            Units.bytes(round.getBytes()),
            Units.millis(round.getDurationUs() / 1000.0));
      }
    }
    return table.lines(style);
  }

  private static List<String> disks(List<ImageRecord> images, Style style) {
    Table table = new Table("VM", "DISK", "FORMAT", ">SIZE", ">ADDED", "WHERE");
    for (ImageRecord image : images) {
      for (DiskRecord disk : image.getDisksList()) {
        boolean stored = !disk.getObject().isEmpty();
        table.row(
            image.getVm(),
            disk.getName(),
            disk.getFormat(),
            stored ? Units.bytes(disk.getBytes()) : NONE,
            stored ? Units.bytes(disk.getAddedBytes()) : NONE,
            stored ? "in the store" : "%s on host %s".formatted(disk.getFile(), image.getHost()));
      }
    }
    return table.lines(style);
  }

  /** Adds to a VM's node what this shows beyond its figures. */
  static void json(ImageRecord image, ObjectNode node) {
    node.put("mode", image.getMode().name().toLowerCase(Locale.ROOT))
        .put(
            "staging",
            known(image.getStaging()) ? image.getStaging().name().toLowerCase(Locale.ROOT) : "")
        .put("stalledMs", image.getStalledUs() / 1000.0);
    ArrayNode rounds = node.putArray("rounds");
    for (RoundRecord round : image.getRoundsList()) {
      rounds
          .addObject()
          .put("pages", round.getPages())
          .put("zeroPages", round.getZeroPages())
          .put("bytes", round.getBytes())
          .put("durationMs", round.getDurationUs() / 1000.0);
    }
    ArrayNode disks = node.putArray("disks");
    for (DiskRecord disk : image.getDisksList()) {
      disks
          .addObject()
          .put("disk", disk.getName())
          .put("format", disk.getFormat())
          .put("inStore", !disk.getObject().isEmpty())
          .put("bytes", disk.getBytes())
          .put("addedBytes", disk.getAddedBytes())
          .put("file", disk.getFile());
    }
  }
}
