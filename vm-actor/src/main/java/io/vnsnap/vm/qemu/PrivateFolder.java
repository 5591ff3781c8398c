package io.vnsnap.vm.qemu;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The folder with one VM's sockets, which nobody but its user can enter. All methods block. */
final class PrivateFolder {
  private static final Logger log = LoggerFactory.getLogger(PrivateFolder.class);
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rwx------");

  static final FileAttribute<Set<PosixFilePermission>> PRIVATE =
      PosixFilePermissions.asFileAttribute(OWNER_ONLY);

  private PrivateFolder() {}

  /** Makes the folder, or empties the one that an earlier life of the VM left. */
  static void make(Path folder) throws IOException {
    if (Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      Files.setPosixFilePermissions(folder, OWNER_ONLY);
      empty(folder);
    } else {
      Path parent = folder.getParent();
      if (parent != null) {
        Files.createDirectories(parent, PRIVATE);
      }
      Files.createDirectory(folder, PRIVATE);
    }
  }

  /** Removes the folder; what cannot be removed is logged. */
  static void remove(Path folder) {
    try {
      if (Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
        empty(folder);
        Files.delete(folder);
      }
    } catch (IOException e) {
      log.warn("folder {} could not be removed: {}", folder, e.toString());
    }
  }

  /** Removes a file; if that cannot be done, it is logged. */
  static void deleteQuietly(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      log.warn("file {} could not be removed: {}", file, e.toString());
    }
  }

  /** One level deep: nothing of ours has folders in it. */
  private static void empty(Path folder) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path entry : entries) {
        Files.delete(entry);
      }
    }
  }
}
