package io.vnsnap.shell.cli;

import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.file.FileStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option that names a snapshot store. */
final class StoreOption {
  @Option(
      names = "--store",
      paramLabel = "DIR",
      description = "Folder of the snapshot store (default: that of this machine's nodes).")
  private @Nullable Path folder;

  /** Whether one was named. */
  boolean named() {
    return folder != null;
  }

  /** A client that asks the store and no node. */
  VnsnapClient client(CliContext context) {
    return new StoreClient(open(context));
  }

  /** Opens the one that was named, or that of this machine's nodes. It is not made. */
  SnapshotStore open(CliContext context) {
    Path place = folder == null ? NodeFolders.of(context.environment()).store() : folder;
    if (!Files.isDirectory(place)) {
      throw new CommandFailure("there is no snapshot store at " + place + ": name it with --store");
    }
    try {
      return FileStore.open(place);
    } catch (IOException e) {
      throw new CommandFailure(String.valueOf(e.getMessage()), e);
    }
  }
}
