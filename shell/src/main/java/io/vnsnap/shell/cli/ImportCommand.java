package io.vnsnap.shell.cli;

import io.vnsnap.shell.render.TransferView;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.transfer.DamagedExportException;
import io.vnsnap.store.transfer.SnapshotImport;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code vnsnap import}. */
@Command(
    name = "import",
    description = {
      "Bring a snapshot from a file of vnsnap export into the store. All of the file is checked",
      "before the snapshot exists; one that the store has already is left as it is."
    })
final class ImportCommand extends StoreCommand {
  @Parameters(paramLabel = "FILE", description = "File that vnsnap export has written.")
  private Path file = Path.of("");

  ImportCommand(RootCommand root) {
    super(root);
  }

  @Override
  int run(OpenStore opened) throws IOException {
    SnapshotStore store = opened.snapshots();
    Progress progress = new Progress(screen(), "Import of " + file, !json());
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
      SnapshotImport.Imported imported = SnapshotImport.read(store, in, progress::at);
      progress.end();
      print(TransferView.imported(imported), TransferView.importedJson(imported));
      return CommandLineInterface.OK;
    } catch (NoSuchFileException e) {
      throw new IOException("there is no file " + file, e);
    } catch (DamagedExportException e) {
      throw new IOException("%s: %s. Nothing was imported".formatted(file, e.getMessage()), e);
    } finally {
      progress.end();
    }
  }
}
