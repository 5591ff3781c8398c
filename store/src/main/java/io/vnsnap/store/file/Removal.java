package io.vnsnap.store.file;

import io.vnsnap.store.place.Disk;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Removes the folder of a snapshot that does not exist (any more). */
final class Removal {
  /** Folders within folders that a snapshot may have, generously. */
  private static final int MAX_DEPTH = 4;

  /** How often a host that still writes may get in between. */
  private static final int MAX_ATTEMPTS = 5;

  private Removal() {}

  static void remove(Disk disk, Path folder) throws IOException {
    try {
      removeTree(disk, folder, MAX_DEPTH);
      disk.syncFolder(Area.parent(folder));
    } catch (IOException e) {
      throw new IOException(
          "cannot remove all of %s: %s. It is no snapshot any more but takes space: delete it again"
              .formatted(folder, e),
          e);
    }
  }

  private static void removeTree(Disk disk, Path path, int depth) throws IOException {
    if (depth == 0) {
      throw new IOException("folders are nested too deep at " + path);
    }
    for (int attempt = 1; ; attempt++) {
      try {
        if (disk.kind(path) == Disk.Kind.FOLDER) {
          for (String name : disk.names(path)) {
            removeTree(disk, path.resolve(name), depth - 1);
          }
        }
        disk.remove(path);
        return;
      } catch (NoSuchFileException e) {
        return; // Somebody else has removed it.
      } catch (DirectoryNotEmptyException e) {
        if (attempt == MAX_ATTEMPTS) {
          throw e;
        }
      }
    }
  }
}
