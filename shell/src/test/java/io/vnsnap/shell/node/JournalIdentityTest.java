package io.vnsnap.shell.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class JournalIdentityTest {
  private static final String ROLES = "akka.cluster.roles";
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  @TempDir private Path folder;
  private final List<RunningNode> running = new ArrayList<>();

  @AfterEach
  void endNodes() {
    running.forEach(RunningNode::close);
  }

  private NodeOptions options(String name, String role, List<NodeOptions.Seed> seeds)
      throws IOException {
    return options(name, role, seeds, Optional.empty());
  }

  private NodeOptions options(
      String name, String role, List<NodeOptions.Seed> seeds, Optional<Path> config)
      throws IOException {
    Path sockets = Files.createTempDirectory(Path.of("/tmp"), "vn");
    return new NodeOptions(
        name,
        Set.of(role),
        new NodeOptions.Network("127.0.0.1", "127.0.0.1", 0, 0, seeds),
        new NodeOptions.Places(
            sockets.resolve("sock"), folder.resolve(name), folder.resolve("store"), config),
        0,
        "");
  }

  private RunningNode start(NodeOptions options) throws NodeStartException {
    RunningNode node = new ClusterNodeLauncher().launch(options);
    running.add(node);
    return node;
  }

  @Test
  void shouldRefuseASecondCoordinatorThatKeepsAnotherJournal() throws Exception {
    RunningNode first = start(options("c1", NodeOptions.COORDINATOR, List.of()));
    RunningNode second =
        start(
            options(
                "c2",
                NodeOptions.COORDINATOR,
                List.of(new NodeOptions.Seed("127.0.0.1", first.port()))));

    assertThat(second.whenEnded().toCompletableFuture())
        .failsWithin(PATIENCE)
        .withThrowableThat()
        .withMessageContaining("keep another journal")
        .withMessageContaining("--role host");
    assertThat(first.whenEnded().toCompletableFuture()).isNotDone();
  }

  @Test
  void shouldNameTheJournalByItsDatabase() throws Exception {
    Path database = folder.resolve("shared.conf");
    Files.writeString(
        database,
        "akka-persistence-jdbc.shared-databases.vnsnap.db.url = \"jdbc:postgresql://db/vnsnap\"");
    String shared =
        journal(options("x", NodeOptions.COORDINATOR, List.of(), Optional.of(database)));

    assertThat(journal(options("y", NodeOptions.COORDINATOR, List.of(), Optional.of(database))))
        .isEqualTo(shared);
    assertThat(journal(options("x", NodeOptions.COORDINATOR, List.of()))).isNotEqualTo(shared);
    assertThat(NodeConfig.of(options("x", NodeOptions.HOST, List.of())).getStringList(ROLES))
        .containsExactly(NodeOptions.HOST);
  }

  private static String journal(NodeOptions options) {
    return NodeConfig.of(options).getStringList(ROLES).stream()
        .filter(role -> role.startsWith("journal-"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void shouldNameFileAndLineOfAWrongSetting() throws Exception {
    Path broken = folder.resolve("broken.conf");
    Files.writeString(broken, "vnsnap {\n  net = {\n");
    NodeOptions options = options("x", NodeOptions.HOST, List.of(), Optional.of(broken));

    assertThatThrownBy(() -> NodeConfig.of(options))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("broken.conf: 3");
    Path missing = folder.resolve("missing.conf");
    assertThatThrownBy(
            () -> NodeConfig.of(options("x", NodeOptions.HOST, List.of(), Optional.of(missing))))
        .hasMessageContaining("missing.conf");
  }
}
