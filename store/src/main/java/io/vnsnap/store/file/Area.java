package io.vnsnap.store.file;

import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.StoreFullException;
import io.vnsnap.store.place.Disk;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * What all parts of one open store share, and the words for what went wrong with its disk.
 *
 * @param disk where it lies
 * @param layout which path things have
 * @param random for salts and for names of files being written
 * @param settings sizes
 * @param chunks buffers
 */
record Area(
    Disk disk, Layout layout, LongSupplier random, FileStore.Settings settings, ChunkPool chunks) {

  /** Makes a folder unless it is there, durably. Its parent must be there. */
  void ensureFolder(Path folder) throws IOException {
    Disk.Kind kind = disk.kind(folder);
    if (kind == Disk.Kind.ABSENT) {
      try {
        disk.makeFolder(folder);
      } catch (FileAlreadyExistsException e) {
        // Another host was faster; what it made is looked at below.
      } catch (IOException e) {
        throw writing(folder, 0, e);
      }
      syncFolder(parent(folder));
      kind = disk.kind(folder);
    }
    if (kind != Disk.Kind.FOLDER) {
      throw new IOException(
          "%s is not a folder (symbolic links are not followed); move it away".formatted(folder));
    }
  }

  void syncFolder(Path folder) throws IOException {
    try {
      disk.syncFolder(folder);
    } catch (IOException e) {
      throw writing(folder, 0, e);
    }
  }

  /** Refuses to go on when the reserve is all that is left. */
  void checkSpace(Path file, long written) throws IOException {
    long free = disk.freeBytes(parent(file));
    if (free < settings.reserveBytes()) {
      throw new StoreFullException(full(file, written, free));
    }
  }

  /** Says for a person to act on what an error while writing means. */
  IOException writing(Path file, long written, IOException cause) {
    if (cause instanceof StoreFullException) {
      return cause;
    }
    String message = String.valueOf(cause.getMessage());
    String lower = message.toLowerCase(Locale.ROOT);
    if (lower.contains("no space left") || lower.contains("quota exceeded")) {
      return new StoreFullException(full(file, written, freeOrNone(file)), cause);
    }
    return new IOException(
        "cannot write %s: %s. Check the disk and its mount, then try again"
            .formatted(file, message.isEmpty() ? cause.toString() : message),
        cause);
  }

  private String full(Path file, long written, long free) {
    return ("disk full: %s stopped after %s, %s free there and %s of it kept in reserve. Free space"
            + " or delete snapshots, then try again")
        .formatted(file, mib(written), mib(free), mib(settings.reserveBytes()));
  }

  private long freeOrNone(Path file) {
    try {
      return disk.freeBytes(parent(file));
    } catch (IOException e) {
      return 0; // Only for a message about a worse error.
    }
  }

  static DamagedSnapshotException damaged(Part part, String what) {
    return new DamagedSnapshotException(
        "damaged %s %s: %s".formatted(part.kind().word, part.file(), what));
  }

  static Path parent(Path path) {
    Path parent = path.getParent();
    if (parent == null) {
      throw new IllegalStateException("a path in the store has a parent: " + path);
    }
    return parent;
  }

  static String mib(long bytes) {
    return String.format(Locale.ROOT, "%.1f MiB", bytes / 1048576.0);
  }
}
