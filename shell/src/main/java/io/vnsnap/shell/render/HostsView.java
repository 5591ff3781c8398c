package io.vnsnap.shell.render;

import io.vnsnap.proto.HostDescription;
import java.util.List;

/** Hosts for people. */
public final class HostsView {
  private HostsView() {}

  /** One line per host. */
  public static List<String> lines(List<HostDescription> hosts, Style style) {
    if (hosts.isEmpty()) {
      return List.of("No host is up. Start one: vnsnap host --name a --seed ADDRESS:PORT");
    }
    Table table =
        new Table("HOST", ">MEMORY USED", ">MEMORY", ">CPUS", "HYPERVISOR", "TRUNK", "STATE");
    for (HostDescription host : hosts) {
      table.row(
          host.getHost(),
          host.getMemoryUsedMib() + " MiB",
          host.getMemoryMib() + " MiB",
          Integer.toString(host.getCpus()),
          host.getHypervisor().isEmpty()
              ? "-"
              : host.getHypervisor() + " " + host.getHypervisorVersion(),
          host.hasTrunk() ? host.getTrunk().getAddress() + ":" + host.getTrunk().getPort() : "-",
          host.getUnusableReason().isEmpty() ? "ready" : host.getUnusableReason());
    }
    return table.lines(style);
  }
}
