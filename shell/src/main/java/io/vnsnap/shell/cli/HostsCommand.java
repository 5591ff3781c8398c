package io.vnsnap.shell.cli;

import io.vnsnap.proto.HostDescription;
import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.shell.render.HostsView;
import io.vnsnap.shell.render.JsonView;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code vnsnap hosts}. */
@Command(name = "hosts", description = "Show the hosts that are up.")
final class HostsCommand extends ClientCommand {
  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  HostsCommand(RootCommand root) {
    super(root);
  }

  @Override
  void run(VnsnapClient client) {
    List<HostDescription> hosts = await(client.hosts()).getHostsList();
    screen().lines(json ? JsonView.hostsLines(hosts) : HostsView.lines(hosts, style()));
  }
}
