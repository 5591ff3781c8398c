package io.vnsnap.shell.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class NodeConfigTest {

  @Test
  void shouldPutTheNodesOptionsOverEverythingElse() {
    Config config =
        NodeConfig.of(
            new NodeOptions(
                "h1",
                Set.of(NodeOptions.HOST),
                new NodeOptions.Network("10.0.0.1", "0.0.0.0", 2551, 2552, List.of()),
                new NodeOptions.Places(
                    Path.of("/s/c"), Path.of("/s"), Path.of("/store"), Optional.empty()),
                0,
                ""));

    assertThat(config.getString("akka.remote.artery.canonical.hostname")).isEqualTo("10.0.0.1");
    assertThat(config.getStringList("akka.cluster.roles")).containsExactly("host");
    assertThat(config.getString("vnsnap.net.trunk.bind-address")).isEqualTo("0.0.0.0");
    assertThat(config.getInt("vnsnap.net.trunk.port")).isEqualTo(2552);
    assertThat(config.getString("vnsnap.coordinator.journal.directory")).isEqualTo("/s/journal");
    assertThat(config.getString(NodeConfig.HYPERVISOR)).isEqualTo(NodeOptions.QEMU);
    assertThat(NodeSettings.from(config).maxBlockingThreads()).isPositive();
  }

  @Test
  void shouldPutTheHypervisorThatWasAskedForOverTheConfiguration() {
    Config config =
        NodeConfig.of(
            new NodeOptions(
                "h1",
                Set.of(NodeOptions.HOST),
                new NodeOptions.Network("10.0.0.1", "0.0.0.0", 2551, 2552, List.of()),
                new NodeOptions.Places(
                    Path.of("/s/c"), Path.of("/s"), Path.of("/store"), Optional.empty()),
                0,
                NodeOptions.SIMULATED));

    assertThat(config.getString(NodeConfig.HYPERVISOR)).isEqualTo("simulated");
  }
}
