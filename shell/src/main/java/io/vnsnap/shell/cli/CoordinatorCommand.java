package io.vnsnap.shell.cli;

import io.vnsnap.shell.node.NodeOptions;
import java.util.Set;
import picocli.CommandLine.Command;

/** {@code vnsnap coordinator}. */
@Command(
    name = "coordinator",
    description =
        "Start a node that runs coordinators of VNEs but no VMs; it keeps a majority when one of two hosts fails.",
    footer = {
      "",
      "Folders are by default in /var/lib/vnsnap for root, else in ~/.local/state/vnsnap:",
      "nodes/NAME and store."
    })
final class CoordinatorCommand extends NodeCommand {
  CoordinatorCommand(RootCommand root) {
    super(root);
  }

  @Override
  Set<String> defaultRoles(boolean joins) {
    return Set.of(NodeOptions.COORDINATOR);
  }

  @Override
  int trunkPort() {
    return 0;
  }

  @Override
  long memoryMib() {
    return 0;
  }

  @Override
  String hypervisor() {
    return "";
  }
}
