package io.vnsnap.shell.node;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A node's private folder, locked for as long as the node runs. */
final class StateFolder implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(StateFolder.class);
  private static final long ORPHAN_END_SECONDS = 10;

  private final Path root;
  private final FileChannel channel;

  private StateFolder(Path root, FileChannel channel) {
    this.root = root;
    this.channel = channel;
  }

  /**
   * Makes the folder if it is missing, and locks it.
   *
   * @throws IOException if another node has it, or it cannot be made; the message says what to do
   */
  static StateFolder claim(Path root) throws IOException {
    Files.createDirectories(
        root, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Path file = root.toRealPath().resolve("lock");
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    if (!lock(channel)) {
      channel.close();
      throw new IOException(
          "another node uses the state folder %s; give this one its own (--state)".formatted(root));
    }
    return new StateFolder(root.toRealPath(), channel);
  }

  private static boolean lock(FileChannel channel) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false; // a node in this very process
    }
  }

  /** For the sockets of VMs. */
  Path run() throws IOException {
    return subfolder("run");
  }

  /** For the overlays of disks. */
  Path disks() throws IOException {
    return subfolder("disks");
  }

  private Path subfolder(String name) throws IOException {
    return Files.createDirectories(
        root.resolve(name),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
  }

  /**
   * Ends VMs that a node left behind which had this folder and was killed: nobody holds their
   * gates, and their VNE may have been restored elsewhere. They are known by their sockets, which
   * are in this folder. Blocks until they are gone.
   *
   * @throws IOException if one does not end
   */
  void endOrphans() throws IOException {
    String sign = run() + "/";
    List<ProcessHandle> orphans =
        ProcessHandle.allProcesses().filter(process -> names(process, sign)).toList();
    for (ProcessHandle orphan : orphans) {
      LOG.warn("ending VM process {}, left behind by a node that was killed", orphan.pid());
      orphan.destroyForcibly();
      awaitEnd(orphan);
    }
  }

  private static boolean names(ProcessHandle process, String sign) {
    return process
        .info()
        .arguments()
        .map(arguments -> List.of(arguments).stream().anyMatch(a -> a.contains(sign)))
        .orElse(false);
  }

  private static void awaitEnd(ProcessHandle orphan) throws IOException {
    try {
      orphan.onExit().get(ORPHAN_END_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException | ExecutionException e) {
      throw new IOException(
          "VM process %d, left behind by a node that was killed, does not end"
              .formatted(orphan.pid()),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while ending VM process " + orphan.pid(), e);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
