package io.vnsnap.shell.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class SeedNodesTest {
  private static final String SYSTEM = "vnsnap";

  private final Path folder;
  private final Path file;

  SeedNodesTest(@TempDir Path folder) {
    this.folder = folder;
    this.file = folder.resolve("node.conf");
  }

  private Path configure(String seed) throws IOException {
    return Files.writeString(file, "akka.cluster.seed-nodes = [\"%s\"]\n".formatted(seed));
  }

  private NodeOptions options(NodeOptions.Seed... seeds) {
    return new NodeOptions(
        "a",
        Set.of(NodeOptions.COORDINATOR),
        new NodeOptions.Network("127.0.0.1", "127.0.0.1", 0, 0, List.of(seeds)),
        new NodeOptions.Places(
            folder.resolve("run/sock"),
            folder.resolve("a"),
            folder.resolve("store"),
            Files.exists(file) ? Optional.of(file) : Optional.empty()),
        0,
        "");
  }

  private List<String> seeds(NodeOptions options) {
    return SeedNodes.of(options, NodeConfig.of(options), SYSTEM).addresses().stream()
        .map(Object::toString)
        .toList();
  }

  @Test
  void shouldTakeThoseOfTheOptionsOverThoseOfTheConfiguration() throws IOException {
    assertThat(seeds(options())).isEmpty();
    configure("akka://vnsnap@10.0.0.9:2551");
    assertThat(seeds(options())).containsExactly("akka://vnsnap@10.0.0.9:2551");
    assertThat(seeds(options(new NodeOptions.Seed("10.0.0.1", 7001))))
        .containsExactly("akka://vnsnap@10.0.0.1:7001");
  }

  @Test
  void shouldTellThatAConfigurationHasSome() throws IOException {
    assertThat(SeedNodes.configured(Optional.empty())).isFalse();
    Files.writeString(file, "akka.cluster.seed-nodes = []\n");
    assertThat(SeedNodes.configured(Optional.of(file))).isFalse();
    configure("akka://vnsnap@10.0.0.9:2551");
    assertThat(SeedNodes.configured(Optional.of(file))).isTrue();
  }

  @Test
  void shouldNameFileAndLineOfWhatIsNoAddress() throws IOException {
    for (String wrong : List.of("10.0.0.9:2551", "akka://other@10.0.0.9:2551", "akka://vnsnap")) {
      configure(wrong);
      assertThatThrownBy(() -> seeds(options()))
          .isInstanceOf(ConfigException.BadValue.class)
          .hasMessageContaining("node.conf: 1")
          .hasMessageContaining("\"%s\"; write \"akka://vnsnap@ADDRESS:PORT\"", wrong);
    }
  }

  @Test
  void shouldLetAkkaSeeNone() throws IOException {
    configure("akka://vnsnap@10.0.0.9:2551");
    Config seen = SeedNodes.takenOut(NodeConfig.of(options()));
    assertThat(seen.getStringList("akka.cluster.seed-nodes")).isEmpty();
  }

  @Test
  void shouldAskTheSeedOfTheConfigurationForAdmission() throws Exception {
    try (ServerSocketChannel seed = ServerSocketChannel.open()) {
      seed.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
          .configureBlocking(false);
      int port = ((InetSocketAddress) seed.getLocalAddress()).getPort();
      configure("akka://vnsnap@127.0.0.1:" + port);
      try (RunningNode node = new ClusterNodeLauncher().launch(options())) {
        await().atMost(Duration.ofSeconds(60)).until(() -> seed.accept() != null);
        assertThat(node.port()).isNotEqualTo(port);
      }
    }
  }
}
