package io.vnsnap.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import io.vnsnap.proto.HostDescription;
import io.vnsnap.proto.HostOrder;
import io.vnsnap.proto.Phase;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneStatus;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real nodes, real sharding, and the real journal in a folder. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class CoordinatorsTest {
  @TempDir private Path folder;

  static <T> T get(CompletionStage<T> stage) {
    return stage.toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join();
  }

  static void awaitHosts(TestNode node, String... names) {
    await()
        .atMost(TestNode.PATIENCE)
        .until(() ->
            get(node.coordinators.hosts()).stream()
                .map(HostDescription::getHost)
                .toList()
                .equals(List.of(names)));
  }

  private Path journal() {
    return folder.resolve("journal");
  }

  private Process startDoomed(String vne) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            DoomedProcess.class.getName(),
            journal().toString(),
            vne)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  @Test
  void shouldTakeUpInterruptedVneAfterRestartWithoutBeingAsked() throws IOException {
    try (TestNode node = TestNode.first(journal(), Coordinators.ROLE)) {
      Queue<HostOrder> heard = node.startHost("a");
      awaitHosts(node, "a");
      assertThat(get(node.up("shop")).getStatus().getPhase()).isEqualTo(Phase.RUNNING);
      CompletionStage<VneReply> never = node.snapshot("shop");
      await().atMost(TestNode.PATIENCE).until(() -> heard.stream().anyMatch(HostOrder::hasPrepare));
      assertThat(never.toCompletableFuture()).isNotDone();
      assertThat(get(node.status("shop")).getStatus().getStep()).isEqualTo("preparing");
    }
    assertThat(Files.getPosixFilePermissions(journal()))
        .isEqualTo(PosixFilePermissions.fromString("rwx------"));

    try (TestNode node = TestNode.first(journal(), Coordinators.ROLE)) {
      Queue<HostOrder> heard = node.startHost("a");
      await().atMost(TestNode.PATIENCE).until(() -> heard.stream().anyMatch(HostOrder::hasAbort));
      VneStatus status = get(node.status("shop")).getStatus();
      assertThat(status.getPhase()).isEqualTo(Phase.RUNNING);
      assertThat(status.getLastFailure()).contains("restarted");
      assertThat(get(node.coordinators.vnes())).containsExactly("shop");
    }
  }

  @Test
  void shouldServeNodesThatRunNoCoordinators() {
    try (TestNode coordinator = TestNode.first(journal(), Coordinators.ROLE)) {
      try (TestNode host = TestNode.joining(coordinator, folder.resolve("never"), "host")) {
        host.startHost("b");
        awaitHosts(host, "b");
        awaitHosts(coordinator, "b");
        assertThat(get(host.up("shop")).getStatus().getPhase()).isEqualTo(Phase.RUNNING);
        await()
            .atMost(TestNode.PATIENCE)
            .ignoreExceptions() // until this node has heard of the directory on the other
            .until(() -> get(host.coordinators.vnes()).equals(List.of("shop")));
        assertThat(get(coordinator.status("shop")).getStatus().getVms(0).getHost()).isEqualTo("b");
      }
      assertThat(folder.resolve("never")).doesNotExist();
      await()
          .atMost(TestNode.PATIENCE)
          .until(() -> get(coordinator.status("shop")).getStatus().getPhase() == Phase.DEGRADED);
    }
  }

  @Test
  void shouldKeepWhatWasConfirmedWhenTheProcessIsKilled() throws IOException, SQLException {
    Process doomed = startDoomed("shop");
    try (BufferedReader out = doomed.inputReader()) {
      assertThat(out.lines().anyMatch(DoomedProcess.UP::equals)).isTrue();
    } finally {
      doomed.destroyForcibly().onExit().join();
    }
    // The coordinator would mend a lost event by itself, so the journal is looked at directly.
    assertThat(eventsOf("shop")).as("ordered, finished, running").isEqualTo(3);
    try (TestNode node = TestNode.first(journal(), Coordinators.ROLE)) {
      node.startHost("a");
      awaitHosts(node, "a");
      await()
          .atMost(TestNode.PATIENCE)
          .until(() -> get(node.status("shop")).getStatus().getPhase() == Phase.RUNNING);
      assertThat(get(node.coordinators.vnes())).containsExactly("shop");
    }
  }

  private int eventsOf(String vne) throws SQLException {
    String file = "jdbc:h2:file:" + journal().resolve("journal") + ";AUTO_SERVER=TRUE";
    try (Connection connection = DriverManager.getConnection(file, "vnsnap", "");
        PreparedStatement query =
            connection.prepareStatement(
                "SELECT COUNT(*) FROM \"event_journal\" WHERE \"persistence_id\" = ?")) {
      query.setString(1, VneCoordinator.persistenceId(vne).id());
      try (ResultSet rows = query.executeQuery()) {
        assertThat(rows.next()).isTrue();
        return rows.getInt(1);
      }
    }
  }

  @Test
  void shouldShareTheJournalWithAnotherProcess() throws IOException {
    try (TestNode node = TestNode.first(journal(), Coordinators.ROLE)) {
      node.startHost("a");
      awaitHosts(node, "a");
      get(node.up("mine"));
      Process other = startDoomed("theirs");
      try (BufferedReader out = other.inputReader()) {
        assertThat(out.lines().anyMatch(DoomedProcess.UP::equals)).isTrue();
      } finally {
        other.destroyForcibly().onExit().join();
      }
      assertThat(get(node.coordinators.vnes())).containsExactly("mine", "theirs");
    }
  }

  @Test
  void shouldGoOnWhenTheProcessThatServesTheJournalIsKilled() throws IOException {
    Process server = startDoomed("theirs");
    try (BufferedReader out = server.inputReader()) {
      assertThat(out.lines().anyMatch(DoomedProcess.UP::equals)).isTrue();
      try (TestNode node = TestNode.first(journal(), Coordinators.ROLE)) {
        node.startHost("b");
        awaitHosts(node, "b");
        assertThat(get(node.up("mine")).getStatus().getPhase()).isEqualTo(Phase.RUNNING);
        server.destroyForcibly().onExit().join();
        assertThat(get(node.down("mine")).getStatus().getPhase()).isEqualTo(Phase.DOWN);
        assertThat(get(node.coordinators.vnes())).containsExactly("mine", "theirs");
      }
    } finally {
      server.destroyForcibly().onExit().join();
    }
  }

  @Test
  void shouldSayWhatToDoWhenTheJournalCannotBeOpened() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    assertThatThrownBy(() ->
            JournalSchema.create(
                ConfigFactory.load(
                    ConfigFactory.parseMap(
                        Map.of("vnsnap.coordinator.journal.directory", file.toString())))))
        .isInstanceOf(JournalUnusableException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining("set vnsnap.coordinator.journal.directory");
  }

  @Test
  void shouldRefuseNamesThatNoVneCanHave() {
    try (TestNode node = TestNode.first(journal(), "host")) {
      assertThatThrownBy(() -> node.coordinators.entity("../etc"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("\"../etc\"");
    }
  }
}
