package io.vnsnap.it.vne;

import io.vnsnap.proto.LinkSpec;
import io.vnsnap.proto.Shape;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VnicSpec;
import java.nio.file.Path;

/** Two guests of the guest kit, vm1 on host a and vm2 on host b, with every kind of traffic. */
final class TwoGuests {
  private static final int MEMORY_MIB = 128;

  private TwoGuests() {}

  /** On a link of this shape. */
  static Topology topology(Shape shape) {
    return Topology.newBuilder()
        .setName(Lab.VNE)
        .addLinks(LinkSpec.newBuilder().setName("wan").setShape(shape))
        .addVms(vm(1, 2, "a"))
        .addVms(vm(2, 1, "b"))
        .build();
  }

  private static VmSpec.Builder vm(int number, int peer, String host) {
    Path kit = Path.of(System.getenv("VNSNAP_GUEST"));
    return VmSpec.newBuilder()
        .setName("vm" + number)
        .setMemoryMib(MEMORY_MIB)
        .setCpus(1)
        .setKernel(kit.resolve("vmlinuz").toString())
        .setInitramfs(kit.resolve("initramfs.gz").toString())
        .setCommandLine(
            ("console=ttyS0 quiet panic=-1 vnsnap.name=vm%d vnsnap.ip=10.0.0.%d/24"
                    + " vnsnap.peers=10.0.0.%d vnsnap.udp=300 vnsnap.tcp=1000000"
                    + " vnsnap.icmp=100 vnsnap.arp=50")
                .formatted(number, number, peer))
        .setHost(host)
        .addVnics(
            VnicSpec.newBuilder()
                .setName("eth0")
                .setMac("52:54:00:00:00:0" + number)
                .setLink("wan"));
  }
}
