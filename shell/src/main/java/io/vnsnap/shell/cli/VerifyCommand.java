package io.vnsnap.shell.cli;

import io.vnsnap.proto.Manifest;
import io.vnsnap.shell.api.RefusedException;
import io.vnsnap.shell.api.SnapshotReference;
import io.vnsnap.shell.render.VerificationView;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.SnapshotVerification;
import io.vnsnap.store.pages.PageStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code vnsnap verify}. Needs no node: whoever has the store can check it. */
@Command(
    name = "verify",
    description = {
      "Check a snapshot from what is stored alone: every byte intact, every frame accounted for.",
      "Reads all of it. Exit status 1 if anything is wrong."
    })
final class VerifyCommand implements Callable<Integer> {
  private final RootCommand root;

  @Parameters(paramLabel = "SNAPSHOT", description = "Its id, a beginning of it, or its label.")
  private String snapshot = "";

  @Option(
      names = "--store",
      paramLabel = "DIR",
      description = "Folder of the snapshot store (default: that of this machine's nodes).")
  private @Nullable Path folder;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  VerifyCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    Path place = folder == null ? NodeFolders.of(root.context().environment()).store() : folder;
    if (!Files.isDirectory(place)) {
      throw new CommandFailure("there is no snapshot store at " + place + ": name it with --store");
    }
    try {
      SnapshotStore store = PageStore.inDirectory(place, "verify");
      Manifest manifest = resolve(store.list());
      SnapshotVerification found = SnapshotVerification.of(store, manifest.getSnapshotId());
      root.context()
          .screen()
          .lines(
              json
                  ? VerificationView.json(found)
                  : VerificationView.of(found, root.context().screen().style()));
      return found.passed() ? CommandLineInterface.OK : CommandLineInterface.FAILED;
    } catch (IOException | RefusedException e) {
      throw new CommandFailure(String.valueOf(e.getMessage()), e);
    }
  }

  /** A manifest that cannot be read is the first thing that is wrong with a snapshot. */
  private Manifest resolve(SnapshotStore.Listing listing) throws RefusedException {
    try {
      return SnapshotReference.resolve(snapshot, listing.snapshots());
    } catch (RefusedException e) {
      throw listing.damaged().stream()
          .filter(line -> line.contains(snapshot))
          .findFirst()
          .<RuntimeException>map(line -> new CommandFailure(line, e))
          .orElseThrow(() -> e);
    }
  }
}
