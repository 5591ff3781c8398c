package io.vnsnap.shell.render;

import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.DropCount;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.PauseRecord;
import io.vnsnap.proto.VmSpec;
import java.util.ArrayList;
import java.util.List;

/**
 * What a manifest adds up to.
 *
 * @param vms one per image, in the manifest's order
 * @param pauseP50Ms median of the VMs' pauses (the lower one of two), ms
 * @param pauseMaxMs longest pause, ms
 * @param skewMs last STOP minus first STOP, ms
 * @param framesSent before the cut, on all channels
 * @param framesDelivered before the receivers' cuts
 * @param framesRecorded in flight at the cut
 * @param framesDropped by any cause
 * @param imageBytes of all images: memory and devices
 * @param logicalBytes of all images and of the disks that are in the store: what it would take
 *     without anything shared
 * @param addedBytes what the store grew by
 */
public record SnapshotFigures(
    List<OfVm> vms,
    double pauseP50Ms,
    double pauseMaxMs,
    double skewMs,
    long framesSent,
    long framesDelivered,
    long framesRecorded,
    long framesDropped,
    long imageBytes,
    long logicalBytes,
    long addedBytes) {

  /**
   * One VM's part.
   *
   * @param framesRecorded on the channels that end there
   * @param imageBytes memory and devices
   * @param diskBytes of the disks that are in the store
   * @param addedBytes what the store grew by: image and disks
   */
  public record OfVm(
      String vm,
      String host,
      double pauseMs,
      long framesRecorded,
      long imageBytes,
      long diskBytes,
      long addedBytes) {}

  /** Adds a manifest up. */
  public static SnapshotFigures of(Manifest manifest) {
    List<OfVm> vms = new ArrayList<>();
    for (ImageRecord image : manifest.getImagesList()) {
      vms.add(
          new OfVm(
              image.getVm(),
              image.getHost(),
              pauseMs(image.getPause()),
              recordedInto(manifest, image.getVm()),
              image.getBytes(),
              image.getDisksList().stream()
                  .filter(disk -> !disk.getObject().isEmpty())
                  .mapToLong(DiskRecord::getBytes)
                  .sum(),
              addedBytes(image)
                  + image.getDisksList().stream().mapToLong(DiskRecord::getAddedBytes).sum()));
    }
    List<Double> pauses = vms.stream().map(OfVm::pauseMs).sorted().toList();
    List<Long> stops =
        manifest.getImagesList().stream().map(i -> i.getPause().getStopUs()).sorted().toList();
    List<ChannelRecord> channels = manifest.getChannelsList();
    return new SnapshotFigures(
        vms,
        pauses.isEmpty() ? 0 : pauses.get((pauses.size() - 1) / 2),
        pauses.isEmpty() ? 0 : pauses.get(pauses.size() - 1),
        stops.isEmpty() ? 0 : (stops.get(stops.size() - 1) - stops.get(0)) / 1000.0,
        channels.stream().mapToLong(ChannelRecord::getSent).sum(),
        channels.stream().mapToLong(ChannelRecord::getDelivered).sum(),
        channels.stream().mapToLong(ChannelRecord::getRecorded).sum(),
        channels.stream()
            .flatMap(c -> c.getDropsList().stream())
            .mapToLong(DropCount::getFrames)
            .sum(),
        vms.stream().mapToLong(OfVm::imageBytes).sum(),
        vms.stream().mapToLong(vm -> vm.imageBytes() + vm.diskBytes()).sum(),
        vms.stream().mapToLong(OfVm::addedBytes).sum());
  }

  /** An image without an object of its own is a file of its own: it shares nothing. */
  private static long addedBytes(ImageRecord image) {
    return image.getObject().isEmpty() ? image.getBytes() : image.getAddedBytes();
  }

  private static double pauseMs(PauseRecord pause) {
    return (pause.getResumeUs() - pause.getStopUs()) / 1000.0;
  }

  private static long recordedInto(Manifest manifest, String vm) {
    int first = 0;
    for (VmSpec spec : manifest.getTopology().getVmsList()) {
      int end = first + spec.getVnicsCount();
      if (spec.getName().equals(vm)) {
        int from = first;
        return manifest.getChannelsList().stream()
            .filter(c -> c.getTo() >= from && c.getTo() < end)
            .mapToLong(ChannelRecord::getRecorded)
            .sum();
      }
      first = end;
    }
    return 0;
  }
}
