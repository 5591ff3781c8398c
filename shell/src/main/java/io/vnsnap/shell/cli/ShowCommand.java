package io.vnsnap.shell.cli;

import io.vnsnap.proto.Manifest;
import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.shell.render.JsonView;
import io.vnsnap.shell.render.SnapshotView;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code vnsnap show}. */
@Command(name = "show", description = "Show one snapshot.")
final class ShowCommand extends ClientCommand {
  @Parameters(paramLabel = "SNAPSHOT", description = "Its id, a beginning of it, or its label.")
  private String snapshot = "";

  @Mixin private StoreOption store = new StoreOption();

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  ShowCommand(RootCommand root) {
    super(root);
  }

  @Override
  VnsnapClient client() {
    return store.named() ? store.client(context()) : super.client();
  }

  @Override
  void run(VnsnapClient client) {
    Manifest manifest = await(client.snapshot(snapshot));
    screen()
        .lines(
            json ? JsonView.snapshotLines(manifest) : SnapshotView.one(manifest, zone(), style()));
  }
}
