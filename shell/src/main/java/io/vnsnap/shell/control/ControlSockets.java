package io.vnsnap.shell.control;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Where the control sockets of this user's nodes on this machine are: one per node, named after it,
 * in the run folder.
 */
public final class ControlSockets {
  private static final String SUFFIX = ".sock";

  private final Path folder;

  private ControlSockets(Path folder) {
    this.folder = folder;
  }

  /** In the given folder. */
  public static ControlSockets in(Path folder) {
    return new ControlSockets(folder);
  }

  /**
   * In this user's run folder: {@code $VNSNAP_RUN}, else {@code $XDG_RUNTIME_DIR/vnsnap}, else
   * {@code /run/vnsnap} for root, else {@code /tmp/vnsnap-USER}.
   */
  public static ControlSockets of(Map<String, String> environment) {
    String run = environment.getOrDefault("VNSNAP_RUN", "");
    if (!run.isEmpty()) {
      return in(Path.of(run).toAbsolutePath());
    }
    String runtime = environment.getOrDefault("XDG_RUNTIME_DIR", "");
    if (!runtime.isEmpty()) {
      return in(Path.of(runtime).resolve("vnsnap"));
    }
    String user = System.getProperty("user.name", "nobody");
    return in(user.equals("root") ? Path.of("/run/vnsnap") : Path.of("/tmp/vnsnap-" + user));
  }

  /** The socket of the node of that name, whether it exists or not. */
  public Path socketOf(String node) {
    return folder.resolve(node + SUFFIX);
  }

  /**
   * The socket of the one node that runs here. Blocks for as long as it takes to try to connect.
   *
   * @throws IOException if no node runs, or several do, or the run folder is somebody else's; the
   *     message says what to do
   */
  public Path only() throws IOException {
    return only(User.current());
  }

  /** As {@link #only()}, for a given user. */
  Path only(User user) throws IOException {
    List<Path> live = sockets(user).stream().filter(ControlSockets::answers).toList();
    if (live.isEmpty()) {
      throw new IOException(
          "no node runs here (looked in %s): start one with vnsnap host, or name its socket with --socket"
              .formatted(folder));
    }
    if (live.size() > 1) {
      throw new IOException(
          "several nodes run here; pick one: --socket "
              + String.join(" or --socket ", live.stream().map(Path::toString).toList()));
    }
    return live.get(0);
  }

  private List<Path> sockets(User user) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    if (!user.owns(folder)) {
      throw new IOException(
          "%s belongs to another user (%s), so that what answers there may be anything: name a node's socket with --socket"
              .formatted(folder, Files.getOwner(folder, LinkOption.NOFOLLOW_LINKS).getName()));
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(f -> f.getFileName().toString().endsWith(SUFFIX)).sorted().toList();
    }
  }

  private static boolean answers(Path socket) {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      return channel.connect(UnixDomainSocketAddress.of(socket));
    } catch (IOException | UnsupportedOperationException e) {
      return false; // a dead node's socket, or not ours to use
    }
  }
}
