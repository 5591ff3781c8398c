package io.vnsnap.shell.cli;

import io.vnsnap.proto.SnapshotList;
import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.shell.render.JsonView;
import io.vnsnap.shell.render.SnapshotView;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code vnsnap snapshots}. */
@Command(name = "snapshots", description = "List the snapshots in the store, oldest first.")
final class SnapshotsCommand extends ClientCommand {
  @Mixin private StoreOption store = new StoreOption();

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  SnapshotsCommand(RootCommand root) {
    super(root);
  }

  @Override
  VnsnapClient client() {
    return store.named() ? store.client(context()) : super.client();
  }

  @Override
  void run(VnsnapClient client) {
    SnapshotList list = await(client.snapshots());
    screen().lines(json ? JsonView.snapshotsLines(list) : SnapshotView.list(list, zone(), style()));
  }
}
