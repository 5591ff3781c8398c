package io.vnsnap.shell.node;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A node's private folder, locked for as long as the node runs. */
final class StateFolder implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(StateFolder.class);
  private static final Duration ORPHAN_END = Duration.ofSeconds(10);
  private static final long ORPHAN_POLL_MS = 50;
  private static final String LOCK = "lock";
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rwx------");
  private static final FileAttribute<Set<PosixFilePermission>> PRIVATE =
      PosixFilePermissions.asFileAttribute(OWNER_ONLY);

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
    Files.createDirectories(root, PRIVATE);
    Path folder = root.toRealPath();
    makePrivate(folder);
    FileChannel channel =
        FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    if (!lock(channel)) {
      channel.close();
      throw new IOException(
          "another node uses the state folder %s; give this one its own (--state)".formatted(root));
    }
    return new StateFolder(folder, channel);
  }

  /** A folder that others can enter is closed to them if it is new or ours, else refused. */
  private static void makePrivate(Path folder) throws IOException {
    if (Files.getPosixFilePermissions(folder).equals(OWNER_ONLY)) {
      return;
    }
    if (!Files.exists(folder.resolve(LOCK)) && !isEmpty(folder)) {
      throw new IOException(
          "the state folder %s is not private and holds something else; name a new one (--state), or chmod 700 it"
              .formatted(folder));
    }
    Files.setPosixFilePermissions(folder, OWNER_ONLY);
  }

  private static boolean isEmpty(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.findAny().isEmpty();
    }
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
    Path folder = Files.createDirectories(root.resolve(name), PRIVATE);
    Files.setPosixFilePermissions(folder, OWNER_ONLY);
    return folder;
  }

  /**
   * Ends VMs that a node left behind which had this folder and was killed: nobody holds their
   * gates, and their VNE may have been restored elsewhere. They are known by their process id
   * files, which are in this folder. Then removes their sockets and the files of their disks: what
   * snapshots need of these is in the store. Blocks until they are gone.
   *
   * @throws IOException if one does not end
   */
  void endOrphans() throws IOException {
    String sign = run() + "/";
    List<ProcessHandle> orphans =
        ProcessHandle.allProcesses().filter(process -> isVmUnder(sign, process)).toList();
    for (ProcessHandle orphan : orphans) {
      LOG.warn("ending VM process {}, left behind by a node that was killed", orphan.pid());
      orphan.destroyForcibly();
      awaitEnd(sign, orphan);
    }
    removeContents(run());
    removeContents(disks());
  }

  /** Not by {@link ProcessHandle.Info}: the JDK does not tell arguments beyond one page. */
  private static boolean isVmUnder(String sign, ProcessHandle process) {
    try {
      byte[] line = Files.readAllBytes(Path.of("/proc", Long.toString(process.pid()), "cmdline"));
      List<String> words = List.of(new String(line, StandardCharsets.UTF_8).split("\0"));
      int option = words.indexOf("-pidfile");
      return option >= 0 && option + 1 < words.size() && words.get(option + 1).startsWith(sign);
    } catch (IOException e) {
      LOG.debug("process {} has ended, or is another user's", process.pid(), e);
      return false;
    }
  }

  /** Gone is also who only waits to be reaped: it has no command line any more. */
  private static void awaitEnd(String sign, ProcessHandle orphan) throws IOException {
    long since = System.nanoTime();
    while (isVmUnder(sign, orphan)) {
      if (System.nanoTime() - since > ORPHAN_END.toNanos()) {
        throw new IOException(
            "VM process %d, left behind by a node that was killed, does not end"
                .formatted(orphan.pid()));
      }
      try {
        orphan.onExit().get(ORPHAN_POLL_MS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        LOG.debug("VM process {} is still there", orphan.pid(), e);
      } catch (ExecutionException e) {
        throw new IOException("cannot wait for the end of VM process " + orphan.pid(), e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while ending VM process " + orphan.pid(), e);
      }
    }
  }

  private static void removeContents(Path folder) throws IOException {
    List<Path> all;
    try (Stream<Path> entries = Files.walk(folder)) {
      all = entries.filter(e -> !e.equals(folder)).sorted(Comparator.reverseOrder()).toList();
    }
    for (Path entry : all) {
      Files.deleteIfExists(entry);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
