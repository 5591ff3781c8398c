package io.vnsnap.shell.control;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The claim on a path for a control socket. A lock on a file beside it tells a live node from one
 * that died and left its socket behind; the lock goes with the process, however it ends.
 */
final class SocketFile implements AutoCloseable {
  /** Linux takes 107 bytes of path for a socket. */
  private static final int MAX_PATH_BYTES = 107;

  private static final Set<PosixFilePermission> PRIVATE_FOLDER =
      PosixFilePermissions.fromString("rwx------");
  private static final Set<PosixFilePermission> PRIVATE_FILE =
      PosixFilePermissions.fromString("rw-------");

  private final Path path;
  private final FileChannel lock;

  private SocketFile(Path path, FileChannel lock) {
    this.path = path;
    this.lock = lock;
  }

  /**
   * Claims the path: makes the folder with mode 0700 if it is missing, and removes the socket of a
   * dead node. Effect on failure: none.
   *
   * @throws IOException if a live node has it, the folder is open to others or somebody else's, or
   *     something else is in the way; the message says what to do
   */
  static SocketFile claim(Path socket) throws IOException {
    return claim(socket, User.current());
  }

  /** As {@link #claim(Path)}, for a given user. */
  static SocketFile claim(Path socket, User user) throws IOException {
    Path path = socket.toAbsolutePath().normalize();
    if (path.toString().getBytes(StandardCharsets.UTF_8).length > MAX_PATH_BYTES) {
      throw new IOException(
          "the control socket's path is longer than %d bytes: %s: give a shorter one with --socket"
              .formatted(MAX_PATH_BYTES, path));
    }
    Path folder = path.getParent();
    if (folder == null || path.getFileName() == null) {
      throw new IOException("not a path for a socket: " + path);
    }
    makePrivate(folder, user);
    FileChannel lock = lock(path);
    try {
      removeStale(path);
      return new SocketFile(path, lock);
    } catch (IOException e) {
      lock.close();
      throw e;
    }
  }

  private static void makePrivate(Path folder, User user) throws IOException {
    Path parent = folder.getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    try {
      Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(PRIVATE_FOLDER));
      return;
    } catch (FileAlreadyExistsException e) {
      // checked below
    }
    PosixFileAttributes attributes =
        Files.readAttributes(folder, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    Set<PosixFilePermission> open = EnumSet.copyOf(attributes.permissions());
    open.removeAll(PRIVATE_FOLDER);
    if (!attributes.isDirectory() || !open.isEmpty()) {
      throw new IOException(
          "%s must be a folder that only you can enter (it is %s): chmod 700 %s, or give another place with --socket"
              .formatted(folder, PosixFilePermissions.toString(attributes.permissions()), folder));
    }
    if (!user.owns(folder)) {
      throw new IOException(
          "%s belongs to another user (%s), who could take the control socket away: remove it, or give another place with --socket"
              .formatted(folder, attributes.owner().getName()));
    }
  }

  private static FileChannel lock(Path path) throws IOException {
    Path file = path.resolveSibling(path.getFileName() + ".lock");
    FileChannel channel =
        FileChannel.open(
            file,
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PRIVATE_FILE));
    boolean locked = false;
    try {
      locked = channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      locked = false; // by another node of this JVM
    } finally {
      if (!locked) {
        channel.close();
      }
    }
    if (!locked) {
      throw new IOException(
          "another node is using the control socket %s: stop it, or start this one with another --name or --socket"
              .formatted(path));
    }
    return channel;
  }

  private static void removeStale(Path path) throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    if (!isSocket(path)) {
      throw new IOException(
          "%s is in the way and is not a socket: remove it, or give another --socket"
              .formatted(path));
    }
    Files.delete(path);
  }

  private static boolean isSocket(Path path) throws IOException {
    @Nullable Object mode = Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    return mode instanceof Integer bits && (bits & 0170000) == 0140000;
  }

  Path path() {
    return path;
  }

  /** After the socket was bound: lets only this user connect. */
  void restrict() throws IOException {
    Files.setPosixFilePermissions(path, PRIVATE_FILE);
  }

  /** Removes the socket and gives the claim up. */
  @Override
  public void close() throws IOException {
    if (!lock.isOpen()) {
      return;
    }
    try {
      Files.deleteIfExists(path);
    } finally {
      lock.close();
    }
  }
}
