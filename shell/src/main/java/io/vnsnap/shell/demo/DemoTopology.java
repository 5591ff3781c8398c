package io.vnsnap.shell.demo;

import io.vnsnap.proto.LinkSpec;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VnicSpec;
import io.vnsnap.proto.topology.TopologyRules;
import io.vnsnap.shell.topology.MacAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Four VMs on one link, two to a host, all with traffic to all. */
final class DemoTopology {
  /** Name of the VNE. */
  static final String VNE = "demo";

  /** Name of the link. */
  static final String LINK = "lan";

  /** VM to host. */
  static final Map<String, String> PLACEMENT =
      Map.of("vm1", "a", "vm2", "a", "vm3", "b", "vm4", "b");

  /** In order. */
  static final List<String> VMS = List.of("vm1", "vm2", "vm3", "vm4");

  /** Of each memory witness of a simulated guest: 2 MiB in all. */
  private static final int SIMULATED_PAGES = 256;

  private DemoTopology() {}

  /** The address of a VM, by its place in {@link #VMS}. */
  static String address(int index) {
    return "10.0.0." + (index + 1);
  }

  /**
   * The topology, of Linux guests.
   *
   * @param guestKit folder with {@code vmlinuz} and {@code initramfs.gz}
   */
  static Topology of(DemoPlan plan, Path guestKit) {
    return topology(index ->
        vm(plan, "console=ttyS0 quiet panic=-1", index)
            .setMemoryMib(plan.memoryMib())
            .setKernel(guestKit.resolve("vmlinuz").toString())
            .setInitramfs(guestKit.resolve("initramfs.gz").toString()));
  }

  /** The topology, of simulated guests that have the same traffic. */
  static Topology simulated(DemoPlan plan) {
    return topology(index ->
        vm(plan, "sim.program=traffic sim.pages=" + SIMULATED_PAGES, index)
            .setMemoryMib(TopologyRules.MIN_MEMORY_MIB));
  }

  private static Topology topology(IntFunction<VmSpec.Builder> vm) {
    Topology.Builder topology = Topology.newBuilder().setName(VNE);
    topology.addLinks(LinkSpec.newBuilder().setName(LINK));
    for (int i = 0; i < VMS.size(); i++) {
      topology.addVms(vm.apply(i));
    }
    return topology.build();
  }

  private static VmSpec.Builder vm(DemoPlan plan, String commandLine, int index) {
    String name = VMS.get(index);
    String peers =
        IntStream.range(0, VMS.size())
            .filter(i -> i != index)
            .mapToObj(DemoTopology::address)
            .collect(Collectors.joining(","));
    return VmSpec.newBuilder()
        .setName(name)
        .setCpus(1)
        .setCommandLine(
            "%s vnsnap.name=%s vnsnap.ip=%s/24 vnsnap.peers=%s vnsnap.udp=%d vnsnap.tcp=%d"
                .formatted(
                    commandLine,
                    name,
                    address(index),
                    peers,
                    plan.udpPerSecond(),
                    plan.tcpBytesPerSecond()))
        .setHost(PLACEMENT.getOrDefault(name, ""))
        .addVnics(
            VnicSpec.newBuilder()
                .setName("eth0")
                .setLink(LINK)
                .setMac(MacAddress.of(VNE, name, "eth0")));
  }
}
