package io.vnsnap.shell.cli;

import io.vnsnap.proto.Manifest;
import io.vnsnap.shell.api.RefusedException;
import io.vnsnap.shell.render.TransferView;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.transfer.SnapshotExport;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code vnsnap export}. */
@Command(
    name = "export",
    description = {
      "Write a whole snapshot into one file, which any store can import.",
      "The file holds what the guests held and is not encrypted."
    })
final class ExportCommand extends StoreCommand {
  private static final String STANDARD_OUTPUT = "-";
  private static final FileAttribute<?> PRIVATE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  @Parameters(
      index = "0",
      paramLabel = "SNAPSHOT",
      description = "Its id, a beginning of it, or its label.")
  private String snapshot = "";

  @Parameters(
      index = "1",
      paramLabel = "FILE",
      description = "File to write; it must not be there yet. -: standard output.")
  private String file = "";

  ExportCommand(RootCommand root) {
    super(root);
  }

  @Override
  int run(OpenStore opened) throws IOException, RefusedException {
    SnapshotStore store = opened.snapshots();
    Manifest manifest = resolve(snapshot, store.list());
    if (file.equals(STANDARD_OUTPUT)) {
      try (FileOutputStream out = new FileOutputStream(FileDescriptor.out)) {
        var unused = export(store, manifest, out.getChannel(), false);
      }
      return CommandLineInterface.OK;
    }
    Path target = Path.of(file).toAbsolutePath();
    SnapshotExport.Written written = exportTo(store, manifest, target);
    print(
        TransferView.exported(manifest, written, file),
        TransferView.exportedJson(manifest, written, file));
    return CommandLineInterface.OK;
  }

  private SnapshotExport.Written exportTo(SnapshotStore store, Manifest manifest, Path target)
      throws IOException {
    refuseExisting(target);
    Path partial = target.resolveSibling(target.getFileName() + ".partial");
    boolean moved = false;
    try (FileChannel out = create(partial)) {
      try {
        SnapshotExport.Written written = export(store, manifest, out, true);
        out.force(true);
        refuseExisting(target);
        Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
        moved = true;
        syncFolder(target);
        return written;
      } finally {
        if (!moved) {
          Files.deleteIfExists(partial);
        }
      }
    }
  }

  private static void refuseExisting(Path target) {
    if (Files.exists(target)) {
      throw new CommandFailure(target + " is there already: name another file, or remove it");
    }
  }

  private static FileChannel create(Path partial) throws IOException {
    try {
      return FileChannel.open(
          partial, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), PRIVATE);
    } catch (FileAlreadyExistsException e) {
      throw new IOException(
          partial + " is there: another export writes it, or did not end; then remove it", e);
    } catch (NoSuchFileException e) {
      throw new IOException("there is no folder " + partial.getParent(), e);
    }
  }

  private static void syncFolder(Path target) throws IOException {
    Path folder = target.getParent();
    if (folder != null) {
      try (FileChannel opened = FileChannel.open(folder, StandardOpenOption.READ)) {
        opened.force(true);
      }
    }
  }

  private SnapshotExport.Written export(
      SnapshotStore store, Manifest manifest, FileChannel out, boolean shown) throws IOException {
    Progress progress =
        new Progress(screen(), "Export of " + manifest.getSnapshotId(), shown && !json());
    try {
      return SnapshotExport.write(
          store, manifest, out, new SecureRandom().nextLong(), progress::at);
    } finally {
      if (shown) {
        progress.end();
      }
    }
  }
}
