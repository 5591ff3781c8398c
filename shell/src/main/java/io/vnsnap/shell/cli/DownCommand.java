package io.vnsnap.shell.cli;

import io.vnsnap.proto.Down;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.shell.api.VnsnapClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code vnsnap down}. */
@Command(name = "down", description = "End all VMs of a VNE. Its snapshots stay.")
final class DownCommand extends ClientCommand {
  @Parameters(paramLabel = "VNE", description = "Name of the VNE.")
  private String vne = "";

  DownCommand(RootCommand root) {
    super(root);
  }

  @Override
  void run(VnsnapClient client) {
    VneRequest request =
        VneRequest.newBuilder().setVne(vne).setDown(Down.getDefaultInstance()).build();
    awaitReply(client, screen(), vne, "Stopping " + vne, client.request(request));
    screen().line("VNE " + vne + " is down.");
  }
}
