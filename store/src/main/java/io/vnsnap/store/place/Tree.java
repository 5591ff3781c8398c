package io.vnsnap.store.place;

import io.vnsnap.store.StoreFullException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;

/**
 * The folders below a root, and the words for what went wrong with their disk.
 *
 * @param reserveBytes writing stops when the file system has less left for ordinary users
 */
record Tree(Disk disk, Path root, long reserveBytes) {

  Path file(String name) {
    return root.resolve(name);
  }

  static Path parent(Path path) {
    Path parent = path.getParent();
    if (parent == null) {
      throw new IllegalStateException("a path below the root has a parent: " + path);
    }
    return parent;
  }

  /** Whether the folder and all above it up to the root are there; refuses links among them. */
  boolean hasFolder(Path folder) throws IOException {
    if (folder.equals(root)) {
      return true;
    }
    if (!hasFolder(parent(folder))) {
      return false;
    }
    Disk.Kind kind = disk.kind(folder);
    if (kind == Disk.Kind.ABSENT) {
      return false;
    }
    if (kind != Disk.Kind.FOLDER) {
      throw noFolder(folder);
    }
    return true;
  }

  /** Makes the folder and those above it unless they are there. Not durable yet. */
  void ensureFolder(Path folder) throws IOException {
    if (hasFolder(folder)) {
      return;
    }
    ensureFolder(parent(folder));
    try {
      disk.makeFolder(folder);
    } catch (FileAlreadyExistsException e) {
      if (disk.kind(folder) != Disk.Kind.FOLDER) { // Else another host was faster.
        throw noFolder(folder);
      }
    } catch (NoSuchFileException e) {
      throw e; // Its parent was pruned meanwhile; the caller tries again.
    } catch (IOException e) {
      throw writing(folder, 0, e);
    }
  }

  /**
   * Makes what happened to the file durable, from the folder on upwards: another host may have made
   * one of the folders and not have synced it yet.
   */
  void syncUp(Path folder, Path file) throws IOException {
    for (Path each = folder; each.startsWith(root); each = parent(each)) {
      try {
        disk.syncFolder(each);
      } catch (NoSuchFileException e) {
        // Pruned meanwhile; that is made durable in the folder above, which comes next.
      } catch (IOException e) {
        throw writing(file, 0, e);
      }
      if (each.equals(root)) {
        return;
      }
    }
  }

  /** Removes the folder and those above it that are empty; returns the first that stays. */
  Path prune(Path folder) throws IOException {
    Path each = folder;
    while (!each.equals(root)) {
      try {
        disk.remove(each);
      } catch (NoSuchFileException e) {
        // Another was faster.
      } catch (DirectoryNotEmptyException e) {
        return each;
      } catch (IOException e) {
        throw failed("remove", each, e);
      }
      each = parent(each);
    }
    return root;
  }

  /** Refuses to go on when not more than the reserve would be left. */
  void checkSpace(Path file, long written, long coming) throws IOException {
    long free = disk.freeBytes(root);
    if (free - reserveBytes < coming) {
      throw new StoreFullException(full(file, written, coming, free));
    }
  }

  /** Says for a person to act on what an error while writing means. */
  IOException writing(Path file, long written, IOException cause) {
    if (cause instanceof StoreFullException) {
      return cause;
    }
    String lower = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
    if (lower.contains("no space left") || lower.contains("quota exceeded")) {
      return new StoreFullException(full(file, written, 0, freeOrNone()), cause);
    }
    return failed("write", file, cause);
  }

  /** As {@link #writing}, for what takes no space. */
  static IOException failed(String verb, Path path, IOException cause) {
    String message = cause.getMessage();
    return new IOException(
        "cannot %s %s: %s. Check the disk and its mount, then try again"
            .formatted(verb, path, message == null ? cause.toString() : message),
        cause);
  }

  private static IOException noFolder(Path folder) {
    return new IOException(
        "%s is not a folder (symbolic links are not followed); move it away".formatted(folder));
  }

  static IOException noFile(Path file) {
    return new IOException(
        "%s is not a file (symbolic links are not followed); move it away".formatted(file));
  }

  private String full(Path file, long written, long coming, long free) {
    return ("disk full: %s stopped after %s%s, %s free there and %s of it kept in reserve. Free"
            + " space or delete snapshots, then try again")
        .formatted(
            file,
            mib(written),
            coming > 0 ? " with " + mib(coming) + " needed" : "",
            mib(free),
            mib(reserveBytes));
  }

  private long freeOrNone() {
    try {
      return disk.freeBytes(root);
    } catch (IOException e) {
      return 0; // Only for a message about a worse error.
    }
  }

  static String mib(long bytes) {
    return String.format(Locale.ROOT, "%.1f MiB", bytes / 1048576.0);
  }

  /** Writes some of the buffer; returns how many bytes. */
  static int write(Disk.Output out, ByteBuffer bytes) throws IOException {
    int taken = out.write(bytes);
    if (taken <= 0) {
      throw new IOException("the file system takes no more bytes");
    }
    return taken;
  }
}
