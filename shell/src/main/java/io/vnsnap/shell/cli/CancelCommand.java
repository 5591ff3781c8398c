package io.vnsnap.shell.cli;

import io.vnsnap.proto.CancelSnapshot;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.shell.render.StatusView;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code vnsnap cancel}. */
@Command(name = "cancel", description = "Give up the snapshot that is being taken of a VNE.")
final class CancelCommand extends ClientCommand {
  @Parameters(paramLabel = "VNE", description = "Name of the VNE.")
  private String vne = "";

  CancelCommand(RootCommand root) {
    super(root);
  }

  @Override
  void run(VnsnapClient client) {
    VneRequest request =
        VneRequest.newBuilder()
            .setVne(vne)
            .setCancelSnapshot(CancelSnapshot.getDefaultInstance())
            .build();
    screen()
        .line(
            "VNE %s: %s"
                .formatted(vne, StatusView.state(awaitReply(client.request(request)).getStatus())));
  }
}
