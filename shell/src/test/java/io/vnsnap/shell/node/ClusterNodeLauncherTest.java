package io.vnsnap.shell.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ClusterNodeLauncherTest {

  @Test
  void shouldAskNobodyForAdmissionWhenItsControlSocketCannotBePrivate(@TempDir Path folder)
      throws Exception {
    Path open = folder.resolve("open");
    Files.createDirectory(
        open, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
    try (ServerSocketChannel seed = ServerSocketChannel.open()) {
      seed.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
          .configureBlocking(false);
      int port = ((InetSocketAddress) seed.getLocalAddress()).getPort();
      NodeOptions options =
          new NodeOptions(
              "a",
              Set.of(NodeOptions.COORDINATOR),
              new NodeOptions.Network(
                  "127.0.0.1", "127.0.0.1", 0, 0, List.of(new NodeOptions.Seed("127.0.0.1", port))),
              new NodeOptions.Places(
                  open.resolve("sock"),
                  folder.resolve("a"),
                  folder.resolve("store"),
                  Optional.empty()),
              0,
              "");

      assertThatThrownBy(() -> new ClusterNodeLauncher().launch(options))
          .isInstanceOf(NodeStartException.class)
          .hasMessageContaining(open.toString());
      assertThat(seed.accept()).isNull();
    }
  }
}
