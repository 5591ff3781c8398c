package io.vnsnap.shell.demo;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vnsnap.proto.SnapshotTaken;
import io.vnsnap.shell.node.NodeOptions;
import io.vnsnap.shell.render.SnapshotFigures;
import org.jspecify.annotations.Nullable;

/**
 * What the demo found out. Filled in as it goes, so that a failure still has what came before it.
 */
final class DemoResult {
  private String hypervisor = "";
  private String hypervisorVersion = "";
  private int hosts;
  private int vms;
  private @Nullable SnapshotFigures figures;
  private long framesHeld;
  private long snapshotMs;
  private long restoreMs;
  private long lost;
  private long duplicated;
  private long reordered;
  private boolean verified;

  void cluster(String name, String version, int hostCount, int vmCount) {
    hypervisor = name;
    hypervisorVersion = version;
    hosts = hostCount;
    vms = vmCount;
  }

  void snapshot(SnapshotTaken taken) {
    figures = SnapshotFigures.of(taken.getManifest());
    framesHeld = taken.getFramesHeld();
    snapshotMs = taken.getDurationMs();
  }

  void restored(long durationMs) {
    restoreMs = durationMs;
  }

  /** Adds what the guests of one world counted in all. */
  void count(Iterable<TrafficReport> lastReports) {
    for (TrafficReport report : lastReports) {
      lost += report.udp().lost();
      duplicated += report.udp().duplicated();
      reordered += report.udp().reordered();
    }
  }

  void verified() {
    verified = true;
  }

  long framesHeld() {
    return framesHeld;
  }

  long snapshotMs() {
    return snapshotMs;
  }

  long restoreMs() {
    return restoreMs;
  }

  String hypervisor() {
    return (hypervisor + " " + hypervisorVersion).strip();
  }

  /** With exactly the documented keys; what is not known is 0, false or empty. */
  ObjectNode json() {
    ObjectNode json =
        JsonNodeFactory.instance
            .objectNode()
            .put("hypervisor", hypervisor)
            .put("qemuVersion", hypervisor.equals(NodeOptions.QEMU) ? hypervisorVersion : "")
            .put("hosts", hosts)
            .put("vms", vms);
    json.putObject("pauseMs")
        .put("p50", figures == null ? 0 : figures.pauseP50Ms())
        .put("max", figures == null ? 0 : figures.pauseMaxMs());
    return json.put("skewMs", figures == null ? 0 : figures.skewMs())
        .put("framesRecorded", figures == null ? 0 : figures.framesRecorded())
        .put("framesHeld", framesHeld)
        .put("lost", lost)
        .put("duplicated", duplicated)
        .put("reordered", reordered)
        .put("imageBytes", figures == null ? 0 : figures.imageBytes())
        .put("snapshotMs", snapshotMs)
        .put("restoreMs", restoreMs)
        .put("verified", verified);
  }
}
