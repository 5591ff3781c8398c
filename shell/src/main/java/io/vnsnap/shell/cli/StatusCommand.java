package io.vnsnap.shell.cli;

import io.vnsnap.proto.GetStatus;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.proto.VneStatus;
import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.shell.render.JsonView;
import io.vnsnap.shell.render.StatusView;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code vnsnap status}. */
@Command(name = "status", description = "Show all VNEs, or one with its VMs.")
final class StatusCommand extends ClientCommand {
  @Parameters(arity = "0..1", paramLabel = "VNE", description = "Name of the VNE; none: all.")
  private String vne = "";

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  StatusCommand(RootCommand root) {
    super(root);
  }

  @Override
  void run(VnsnapClient client) {
    if (vne.isEmpty()) {
      List<VneStatus> all = await(client.vnes()).getVnesList();
      screen().lines(json ? JsonView.vnesLines(all) : StatusView.list(all, style()));
      return;
    }
    VneRequest request =
        VneRequest.newBuilder().setVne(vne).setGetStatus(GetStatus.getDefaultInstance()).build();
    VneStatus status = awaitReply(client.request(request)).getStatus();
    screen().lines(json ? JsonView.vneLines(status) : StatusView.one(status, style()));
  }
}
