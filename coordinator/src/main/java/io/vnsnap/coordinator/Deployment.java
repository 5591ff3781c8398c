package io.vnsnap.coordinator;

import io.vnsnap.proto.DeployOrdered;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VmProcess;
import io.vnsnap.proto.VmSpec;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * One deployment of a VNE: what was ordered, and the processes that came of it.
 *
 * @param order what and where
 * @param vms the VMs' processes; empty until all are loaded
 */
record Deployment(DeployOrdered order, List<VmProcess> vms) {

  Topology topology() {
    return order.getTopology();
  }

  int generation() {
    return order.getGeneration();
  }

  boolean isRestore() {
    return !order.getSnapshotId().isEmpty();
  }

  /** All hosts with a share in it. */
  SortedSet<String> hosts() {
    return new TreeSet<>(order.getPlacementMap().values());
  }

  /** The one host that writes manifests. */
  String sealer() {
    return hosts().first();
  }

  boolean runsOn(String vm, String host) {
    return host.equals(order.getPlacementMap().get(vm));
  }

  String hostOf(String vm) {
    return order.getPlacementOrThrow(vm);
  }

  /** Names of the VMs on a host, in the order of the topology. */
  List<String> vmsOn(String host) {
    return topology().getVmsList().stream()
        .map(VmSpec::getName)
        .filter(vm -> runsOn(vm, host))
        .toList();
  }

  Deployment withVms(List<VmProcess> loaded) {
    return new Deployment(order, List.copyOf(loaded));
  }
}
