package io.vnsnap.host.deployment;

import io.vnsnap.host.HostContext;
import io.vnsnap.net.ChannelId;
import io.vnsnap.net.SegmentSpec;
import io.vnsnap.net.Vnic;
import io.vnsnap.net.link.Shaping;
import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.Deploy;
import io.vnsnap.proto.DiskSpec;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Loading;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RecordedFrame;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VnicSpec;
import io.vnsnap.proto.topology.LinkShapes;
import io.vnsnap.vm.MachineSpec;
import io.vnsnap.vm.VmActor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What an order to deploy means for this host, worked out before anything is started.
 *
 * @param segment this host's view of the network
 * @param vms the VMs placed here, by name, in topology order
 */
record DeploymentPlan(SegmentSpec segment, Map<String, VmPlan> vms) {

  /**
   * One VM placed here.
   *
   * @param vne name of its VNE
   * @param machine how to start it
   * @param load what to load it from; empty: boot
   * @param vnics its VNICs, in order
   * @param inFlight frames to deliver first, by receiving VNIC, for those that have any
   */
  record VmPlan(
      String vne,
      MachineSpec machine,
      Optional<VmActor.Load> load,
      List<Vnic> vnics,
      Map<Integer, List<RecordedFrame>> inFlight) {}

  /**
   * Works out the plan. Blocks: reads manifest and channel logs when there is a snapshot to
   * restore.
   *
   * @throws IOException if the snapshot is not there or damaged
   */
  static DeploymentPlan read(HostContext host, DeploymentFolders folders, Deploy order)
      throws IOException {
    Optional<Manifest> snapshot =
        order.getSnapshotId().isEmpty()
            ? Optional.empty()
            : Optional.of(host.shared().store().manifest(order.getSnapshotId()));
    List<Vnic> vnics = vnics(order);
    Map<String, VmPlan> vms = new LinkedHashMap<>();
    for (VmSpec vm : order.getTopology().getVmsList()) {
      if (host.name().equals(order.getPlacementOrThrow(vm.getName()))) {
        vms.put(vm.getName(), vmPlan(host, folders, vm, vnics, snapshot, order.getLoading()));
      }
    }
    SegmentSpec segment =
        new SegmentSpec(
            folders.vne(),
            order.getNetworkId(),
            host.name(),
            vnics,
            order.getTrunksMap(),
            inFlight(snapshot));
    return new DeploymentPlan(segment, vms);
  }

  private static List<Vnic> vnics(Deploy order) {
    List<Vnic> vnics = new ArrayList<>();
    for (VmSpec vm : order.getTopology().getVmsList()) {
      for (VnicSpec vnic : vm.getVnicsList()) {
        vnics.add(
            new Vnic(
                vnics.size(),
                vm.getName(),
                vnic.getName(),
                vnic.getMac(),
                vnic.getLink(),
                order.getPlacementOrThrow(vm.getName()),
                Shaping.of(LinkShapes.of(order.getTopology(), vm.getName(), vnic))));
      }
    }
    return vnics;
  }

  private static VmPlan vmPlan(
      HostContext host,
      DeploymentFolders folders,
      VmSpec vm,
      List<Vnic> vnics,
      Optional<Manifest> snapshot,
      Loading loading)
      throws IOException {
    Optional<ImageRecord> image = Optional.empty();
    Map<Integer, List<RecordedFrame>> inFlight = new HashMap<>();
    List<Vnic> own = vnics.stream().filter(v -> v.vm().equals(vm.getName())).toList();
    if (snapshot.isPresent()) {
      Manifest manifest = snapshot.get();
      image = Optional.of(imageOf(manifest, vm.getName()));
      for (ChannelLogRecord log : manifest.getLogsList()) {
        if (own.stream().anyMatch(vnic -> vnic.number() == log.getTo())) {
          inFlight.put(
              log.getTo(), host.shared().store().readChannelLog(manifest.getSnapshotId(), log));
        }
      }
    }
    return new VmPlan(
        folders.vne(),
        machine(folders, vm),
        image.map(
            record -> new VmActor.Load(snapshot.orElseThrow().getSnapshotId(), record, loading)),
        own,
        inFlight);
  }

  private static ImageRecord imageOf(Manifest manifest, String vm) throws IOException {
    return manifest.getImagesList().stream()
        .filter(image -> image.getVm().equals(vm))
        .findFirst()
        .orElseThrow(() ->
            new IOException("snapshot " + manifest.getSnapshotId() + " has no image of VM " + vm));
  }

  private static MachineSpec machine(DeploymentFolders folders, VmSpec vm) {
    return new MachineSpec(
        vm.getName(),
        folders.sockets(vm.getName()),
        folders.disks(vm.getName()),
        vm.getMemoryMib(),
        vm.getCpus(),
        new MachineSpec.Boot(path(vm.getKernel()), path(vm.getInitramfs()), vm.getCommandLine()),
        vm.getDisksList().stream().map(DeploymentPlan::disk).toList(),
        vm.getVnicsList().stream()
            .map(vnic -> new MachineSpec.Vnic(vnic.getName(), vnic.getMac()))
            .toList());
  }

  private static MachineSpec.Disk disk(DiskSpec disk) {
    return new MachineSpec.Disk(
        disk.getName(), Path.of(disk.getFile()), disk.getFormat(), disk.getReadOnly());
  }

  private static @Nullable Path path(String file) {
    return file.isEmpty() ? null : Path.of(file);
  }

  private static Map<ChannelId, Long> inFlight(Optional<Manifest> snapshot) {
    Map<ChannelId, Long> frames = new HashMap<>();
    if (snapshot.isPresent()) {
      for (ChannelRecord channel : snapshot.get().getChannelsList()) {
        if (channel.getRecorded() > 0) {
          frames.put(new ChannelId(channel.getFrom(), channel.getTo()), channel.getRecorded());
        }
      }
    }
    return frames;
  }
}
