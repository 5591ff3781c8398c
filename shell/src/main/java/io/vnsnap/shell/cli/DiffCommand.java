package io.vnsnap.shell.cli;

import io.vnsnap.proto.Manifest;
import io.vnsnap.shell.api.RefusedException;
import io.vnsnap.shell.render.DiffView;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.life.SnapshotDiff;
import io.vnsnap.store.life.StoreAccess;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code vnsnap diff}. */
@Command(
    name = "diff",
    description = {
      "Show how many pages of memory and blocks of disks differ between two snapshots.",
      "Compares page maps; reads no page."
    })
final class DiffCommand extends StoreCommand {
  @Parameters(
      index = "0",
      paramLabel = "FROM",
      description = "Id, beginning of it, or label of the first snapshot.")
  private String from = "";

  @Parameters(index = "1", paramLabel = "TO", description = "The same of the second one.")
  private String to = "";

  DiffCommand(RootCommand root) {
    super(root);
  }

  @Override
  int run(OpenStore opened) throws IOException, RefusedException {
    SnapshotStore.Listing listing = opened.snapshots().list();
    Manifest first = resolve(from, listing);
    Manifest second = resolve(to, listing);
    try (StoreAccess access = opened.access()) {
      SnapshotDiff diff = SnapshotDiff.of(access, first, second);
      print(DiffView.of(diff, context().zone(), screen().style()), DiffView.json(diff));
    }
    return CommandLineInterface.OK;
  }
}
