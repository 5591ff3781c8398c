package io.vnsnap.vm.sim;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** The folder with one VM's UNIX sockets, which only its user can enter. All methods block. */
final class SocketFolder {
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rwx------");
  private static final FileAttribute<Set<PosixFilePermission>> PRIVATE =
      PosixFilePermissions.asFileAttribute(OWNER_ONLY);

  private SocketFolder() {}

  /** Makes the folder, or empties the one that an earlier life of the VM left. */
  static void make(Path folder) throws IOException {
    if (Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      Files.setPosixFilePermissions(folder, OWNER_ONLY);
      empty(folder);
      return;
    }
    Path parent = folder.getParent();
    if (parent != null) {
      Files.createDirectories(parent, PRIVATE);
    }
    Files.createDirectory(folder, PRIVATE);
  }

  static void remove(Path folder) throws IOException {
    if (Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      empty(folder);
      Files.deleteIfExists(folder);
    }
  }

  /** One level deep: nothing of ours has folders in it. */
  private static void empty(Path folder) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path entry : entries) {
        Files.deleteIfExists(entry);
      }
    }
  }
}
