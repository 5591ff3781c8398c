package io.vnsnap.shell.cli;

import io.vnsnap.shell.node.NodeOptions;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code vnsnap host}. */
@Command(
    name = "host",
    description = "Start a node that runs VMs, and coordinators of VNEs.",
    footer = {
      "",
      "Folders are by default in /var/lib/vnsnap for root, else in ~/.local/state/vnsnap:",
      "nodes/NAME and store."
    })
final class HostCommand extends NodeCommand {
  @Option(
      names = "--trunk-port",
      paramLabel = "PORT",
      description = "TCP port of the trunk; 0: any (default: ${DEFAULT-VALUE}).")
  private int trunkPort = 2552;

  @Option(
      names = "--memory",
      paramLabel = "MIB",
      description = "MiB that VMs may take here in all (default: the machine's, less a reserve).")
  private long memoryMib;

  @Option(
      names = "--hypervisor",
      paramLabel = "NAME",
      description = {
        "What runs VMs: qemu, or simulated, which are programs in this process",
        "(default: the configuration's vnsnap.vm.hypervisor, qemu)."
      })
  private String hypervisor = "";

  HostCommand(RootCommand root) {
    super(root);
  }

  @Override
  Set<String> defaultRoles(boolean joins) {
    return joins ? Set.of(NodeOptions.HOST) : Set.of(NodeOptions.HOST, NodeOptions.COORDINATOR);
  }

  @Override
  int trunkPort() {
    return trunkPort;
  }

  @Override
  String hypervisor() {
    return hypervisor;
  }

  @Override
  long memoryMib() {
    return memoryMib;
  }
}
