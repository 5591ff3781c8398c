package io.vnsnap.shell.render;

import io.vnsnap.proto.ChannelRecord;
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
 * @param imageBytes of all images
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
    long imageBytes) {

  /**
   * One VM's part.
   *
   * @param framesRecorded on the channels that end there
   */
  public record OfVm(
      String vm, String host, double pauseMs, long framesRecorded, long imageBytes) {}

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
              image.getBytes()));
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
        vms.stream().mapToLong(OfVm::imageBytes).sum());
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
