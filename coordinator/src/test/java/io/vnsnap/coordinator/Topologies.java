package io.vnsnap.coordinator;

import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.HostDescription;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.LinkSpec;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VnicSpec;

/** Small topologies and what hosts say about them. */
final class Topologies {

  private Topologies() {}

  /** VMs web (VNIC 0) and db (VNIC 1) on one link, 128 MiB each. */
  static Topology webAndDb(String vne) {
    return Topology.newBuilder()
        .setName(vne)
        .addLinks(LinkSpec.newBuilder().setName("lan"))
        .addVms(vm("web", 128, 1))
        .addVms(vm("db", 128, 2))
        .build();
  }

  static VmSpec.Builder vm(String name, int memoryMib, int number) {
    return VmSpec.newBuilder()
        .setName(name)
        .setMemoryMib(memoryMib)
        .setCpus(1)
        .setKernel("/boot/vmlinuz")
        .addVnics(
            VnicSpec.newBuilder()
                .setName("eth0")
                .setMac("02:00:00:00:00:%02x".formatted(number))
                .setLink("lan"));
  }

  static HostDescription host(String name, long memoryMib, long usedMib) {
    return HostDescription.newBuilder()
        .setHost(name)
        .setMemoryMib(memoryMib)
        .setMemoryUsedMib(usedMib)
        .setCpus(2)
        .build();
  }

  static ChannelRecord.Builder channel(int from, int to, long sent, long delivered, long recorded) {
    return ChannelRecord.newBuilder()
        .setFrom(from)
        .setTo(to)
        .setSent(sent)
        .setDelivered(delivered)
        .setRecorded(recorded)
        .setClosed(true);
  }

  static Manifest manifest(String vne, String snapshotId) {
    return Manifest.newBuilder()
        .setSnapshotId(snapshotId)
        .setVne(vne)
        .setTopology(webAndDb(vne))
        .setEpoch(3)
        .addImages(ImageRecord.newBuilder().setVm("web").setHost("b"))
        .addImages(ImageRecord.newBuilder().setVm("db").setHost("a"))
        .build();
  }
}
