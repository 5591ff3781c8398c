package io.vnsnap.shell.render;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vnsnap.proto.CardTrouble;
import io.vnsnap.proto.HostDescription;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.SnapshotList;
import io.vnsnap.proto.VmStatus;
import io.vnsnap.proto.VneStatus;
import java.util.List;
import java.util.Locale;

/** The same views for scripts. Keys are only ever added. */
public final class JsonView {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private JsonView() {}

  /** As indented text. */
  public static String text(JsonNode node) {
    try {
      return new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of nodes is always writable", e);
    }
  }

  /** Several VNEs. */
  public static List<String> vnesLines(List<VneStatus> vnes) {
    return text(vnes(vnes)).lines().toList();
  }

  static ArrayNode vnes(List<VneStatus> vnes) {
    ArrayNode array = NODES.arrayNode();
    vnes.forEach(vne -> array.add(vne(vne)));
    return array;
  }

  /** One VNE with its VMs. */
  public static List<String> vneLines(VneStatus vne) {
    return text(vne(vne)).lines().toList();
  }

  static ObjectNode vne(VneStatus vne) {
    ObjectNode node =
        NODES
            .objectNode()
            .put("vne", vne.getVne())
            .put("phase", vne.getPhase().name().toLowerCase(Locale.ROOT))
            .put("step", vne.getStep())
            .put("generation", vne.getGeneration())
            .put("epoch", vne.getEpoch())
            .put("lastSnapshot", vne.getLastSnapshotId())
            .put("lastFailure", vne.getLastFailure());
    ArrayNode vms = node.putArray("vms");
    for (VmStatus vm : vne.getVmsList()) {
      ObjectNode one =
          vms.addObject()
              .put("vm", vm.getVm())
              .put("host", vm.getHost())
              .put("state", vm.getState())
              .put("pid", vm.getPid())
              .put("doneBytes", vm.getDoneBytes())
              .put("totalBytes", vm.getTotalBytes())
              .put("hypervisorVersion", vm.getHypervisorVersion());
      ArrayNode cards = one.putArray("cardTroubles");
      vm.getCardsList().forEach(card -> addCard(cards.addObject(), card));
    }
    return node;
  }

  private static void addCard(ObjectNode node, CardTrouble card) {
    node.put("vnic", card.getVnic()).put("disconnectedReason", card.getDisconnectedReason());
    ObjectNode refused = node.putObject("refusedFrames");
    card.getRefusedList().forEach(part -> refused.put(part.getCause(), part.getFrames()));
  }

  /** Several hosts. */
  public static List<String> hostsLines(List<HostDescription> hosts) {
    return text(hosts(hosts)).lines().toList();
  }

  static ArrayNode hosts(List<HostDescription> hosts) {
    ArrayNode array = NODES.arrayNode();
    for (HostDescription host : hosts) {
      array
          .addObject()
          .put("host", host.getHost())
          .put("memoryMib", host.getMemoryMib())
          .put("memoryUsedMib", host.getMemoryUsedMib())
          .put("cpus", host.getCpus())
          .put("trunk", host.getTrunk().getAddress() + ":" + host.getTrunk().getPort())
          .put("hypervisor", host.getHypervisor())
          .put("hypervisorVersion", host.getHypervisorVersion())
          .put("unusableReason", host.getUnusableReason());
    }
    return array;
  }

  /** All snapshots, and what cannot be read. */
  public static List<String> snapshotsLines(SnapshotList list) {
    return text(snapshots(list)).lines().toList();
  }

  static ObjectNode snapshots(SnapshotList list) {
    ObjectNode node = NODES.objectNode();
    ArrayNode snapshots = node.putArray("snapshots");
    list.getSnapshotsList().forEach(manifest -> snapshots.add(snapshot(manifest)));
    ArrayNode damaged = node.putArray("damaged");
    list.getDamagedList().forEach(damaged::add);
    return node;
  }

  /** One snapshot with its VMs. */
  public static List<String> snapshotLines(Manifest manifest) {
    return text(snapshot(manifest)).lines().toList();
  }

  static ObjectNode snapshot(Manifest manifest) {
    SnapshotFigures figures = SnapshotFigures.of(manifest);
    ObjectNode node =
        NODES
            .objectNode()
            .put("snapshot", manifest.getSnapshotId())
            .put("label", manifest.getLabel())
            .put("vne", manifest.getVne())
            .put("createdEpochMs", manifest.getCreatedEpochMs())
            .put("sealedEpochMs", manifest.getSealedEpochMs())
            .put("epoch", manifest.getEpoch())
            .put("exact", manifest.getExact())
            .put("inexactReason", manifest.getInexactReason());
    node.putObject("pauseMs").put("p50", figures.pauseP50Ms()).put("max", figures.pauseMaxMs());
    node.put("skewMs", figures.skewMs())
        .put("framesSent", figures.framesSent())
        .put("framesDelivered", figures.framesDelivered())
        .put("framesRecorded", figures.framesRecorded())
        .put("framesDropped", figures.framesDropped())
        .put("imageBytes", figures.imageBytes())
        .put("logicalBytes", figures.logicalBytes())
        .put("addedBytes", figures.addedBytes());
    ArrayNode vms = node.putArray("vms");
    for (int i = 0; i < figures.vms().size(); i++) {
      SnapshotFigures.OfVm vm = figures.vms().get(i);
      ObjectNode one =
          vms.addObject()
              .put("vm", vm.vm())
              .put("host", vm.host())
              .put("pauseMs", vm.pauseMs())
              .put("framesRecorded", vm.framesRecorded())
              .put("imageBytes", vm.imageBytes())
              .put("diskBytes", vm.diskBytes())
              .put("addedBytes", vm.addedBytes());
      CaptureView.json(manifest.getImages(i), one);
    }
    return node;
  }
}
