package io.vnsnap.coordinator;

import akka.actor.typed.ActorRef;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.SnapshotRequested;
import io.vnsnap.proto.VmCut;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VmStored;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.certificate.Certificate;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A snapshot under way.
 *
 * @param stage how far it has come
 * @param request what was asked for, with id and epoch
 * @param deployment what it is a snapshot of
 * @param unprepared hosts that have not reported all their VMs ready
 * @param cut VMs that have made their cut
 * @param stored VMs whose image and channel logs are durable
 * @param manifest from stage SEALING on; the default instance before
 * @param clients who is told how it ends
 * @param startedMs wall clock of the request, ms since the Unix epoch
 */
record SnapshotInProgress(
    Stage stage,
    SnapshotRequested request,
    Deployment deployment,
    SortedSet<String> unprepared,
    SortedMap<String, VmCut> cut,
    SortedMap<String, VmStored> stored,
    Manifest manifest,
    List<ActorRef<VneReply>> clients,
    long startedMs)
    implements Operation {

  /** What is awaited. */
  enum Stage {
    /** All hosts ready for the cut. */
    PREPARING("preparing"),
    /** Every VM's cut. */
    CUTTING("cutting"),
    /** Every VM's image and channel logs. */
    STORING("storing"),
    /** The manifest. */
    SEALING("sealing");

    private final String word;

    Stage(String word) {
      this.word = word;
    }
  }

  static SnapshotInProgress begun(
      SnapshotRequested request,
      Deployment deployment,
      List<ActorRef<VneReply>> clients,
      long startedMs) {
    return new SnapshotInProgress(
        Stage.PREPARING,
        request,
        deployment,
        deployment.hosts(),
        new TreeMap<>(),
        new TreeMap<>(),
        Manifest.getDefaultInstance(),
        clients,
        startedMs);
  }

  SnapshotInProgress prepared(String host) {
    return new SnapshotInProgress(
        stage,
        request,
        deployment,
        Operation.without(unprepared, host),
        cut,
        stored,
        manifest,
        clients,
        startedMs);
  }

  SnapshotInProgress at(Stage next) {
    return new SnapshotInProgress(
        next, request, deployment, unprepared, cut, stored, manifest, clients, startedMs);
  }

  SnapshotInProgress withCut(VmCut report) {
    SortedMap<String, VmCut> more = new TreeMap<>(cut);
    more.putIfAbsent(report.getVm(), report);
    return new SnapshotInProgress(
        stage, request, deployment, unprepared, more, stored, manifest, clients, startedMs);
  }

  SnapshotInProgress withStored(VmStored report) {
    SortedMap<String, VmStored> more = new TreeMap<>(stored);
    more.putIfAbsent(report.getImage().getVm(), report);
    return new SnapshotInProgress(
        stage, request, deployment, unprepared, cut, more, manifest, clients, startedMs);
  }

  SnapshotInProgress sealing(Manifest sealed) {
    return new SnapshotInProgress(
        Stage.SEALING, request, deployment, unprepared, cut, stored, sealed, clients, startedMs);
  }

  /** Whether every VM is past its cut; an image that is stored was cut, whatever got lost. */
  boolean allCut() {
    return deployment.topology().getVmsList().stream()
        .map(VmSpec::getName)
        .allMatch(vm -> cut.containsKey(vm) || stored.containsKey(vm));
  }

  boolean allStored() {
    return stored.size() == deployment.topology().getVmsCount();
  }

  /** The one host that writes the manifest. */
  String sealer() {
    return deployment.sealer();
  }

  long framesHeld() {
    return cut.values().stream().mapToLong(VmCut::getFramesHeld).sum();
  }

  Certificate certificate() {
    return Certificate.of(deployment.topology(), stored.values());
  }

  /** The manifest of what all VMs have stored. */
  Manifest manifestOf(String vne, Certificate certificate, long cutOrderedAtMs, long nowMs) {
    Manifest.Builder builder =
        Manifest.newBuilder()
            .setSnapshotId(request.getSnapshotId())
            .setVne(vne)
            .setLabel(request.getLabel())
            .setCreatedEpochMs(cutOrderedAtMs)
            .setSealedEpochMs(nowMs)
            .setTopology(deployment.topology())
            .setGeneration(deployment.generation())
            .setEpoch(request.getEpoch())
            .addAllChannels(certificate.channels())
            .addAllLogs(certificate.logs())
            .setExact(certificate.exact())
            .setInexactReason(certificate.inexactReason());
    deployment.topology().getVmsList().stream()
        .map(vm -> image(vm.getName()))
        .forEach(builder::addImages);
    return builder.build();
  }

  private ImageRecord image(String vm) {
    ImageRecord image = stored.getOrDefault(vm, VmStored.getDefaultInstance()).getImage();
    VmCut vmCut = cut.get(vm);
    return image.hasPause() || vmCut == null
        ? image
        : image.toBuilder().setPause(vmCut.getPause()).build();
  }

  @Override
  public SortedSet<String> awaited() {
    return switch (stage) {
      case PREPARING -> unprepared;
      case CUTTING, STORING -> hostsOfMissing();
      case SEALING -> new TreeSet<>(List.of(sealer()));
    };
  }

  private SortedSet<String> hostsOfMissing() {
    SortedSet<String> hosts = new TreeSet<>();
    deployment.topology().getVmsList().stream()
        .map(VmSpec::getName)
        .filter(vm -> !stored.containsKey(vm))
        .filter(vm -> stage == Stage.STORING || !cut.containsKey(vm))
        .forEach(vm -> hosts.add(deployment.hostOf(vm)));
    return hosts;
  }

  @Override
  public String step() {
    return stage.word;
  }

  @Override
  public String busyWith() {
    return "taking snapshot %s (%s)".formatted(request.getSnapshotId(), step());
  }

  @Override
  public boolean repeats() {
    return stage == Stage.SEALING;
  }
}
