package io.vnsnap.shell.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.shell.control.ControlClient;
import io.vnsnap.shell.fake.FakeNodeLauncher;
import io.vnsnap.shell.node.NodeOptions;
import io.vnsnap.store.pages.PageStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Starts JVMs, whose nodes are fake. */
@Timeout(120)
class LocalNodesTest {
  private static final Duration JVM_STARTS = Duration.ofSeconds(60);

  private final Cleanup cleanup = new Cleanup();
  private DemoFolder folder = new DemoFolder(Path.of("/nowhere"));

  @BeforeEach
  void makeFolder() throws IOException {
    folder = DemoFolder.create(Path.of("/tmp"));
    cleanup.add("remove the folder", folder::delete);
  }

  @AfterEach
  void shouldLeaveNothingBehind() {
    cleanup.close();
    assertThat(cleanup.failures()).isEmpty();
    assertThat(folder.path()).doesNotExist();
    assertThat(ProcessHandle.allProcesses().filter(this::namesTheFolder)).isEmpty();
  }

  private boolean namesTheFolder(ProcessHandle process) {
    try {
      return Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"))
          .contains(folder.path().toString());
    } catch (IOException e) {
      return false; // it has ended
    }
  }

  private void awaitNode(String name) {
    ControlClient client = new ControlClient(folder.socket(name));
    await()
        .atMost(JVM_STARTS)
        .ignoreExceptions()
        .until(() -> client.hosts().toCompletableFuture().get(5, TimeUnit.SECONDS) != null);
  }

  @Test
  void shouldStartNodesAndKillOne() throws Exception {
    LocalNodes nodes = new LocalNodes(new FakeNodeLauncher(), "qemu", folder, cleanup);
    VnsnapClient client = nodes.start(List.of("a", "b"));
    assertThat(client.hosts().toCompletableFuture()).succeedsWithin(JVM_STARTS);
    awaitNode("a");
    awaitNode("b");
    nodes.check();
    nodes.killHost("a", List.of());
    nodes.check();
    assertThatThrownBy(() -> nodes.killHost("b", List.of(ProcessHandle.current().pid())))
        .isInstanceOf(DemoFailure.class)
        .hasMessageContaining("only 0 of 1 VMs of host b were found by their process ids");
    assertThat(ProcessHandle.current().isAlive()).isTrue();
  }

  @Test
  void shouldCheckWhatIsStored() throws Exception {
    LocalNodes nodes = new LocalNodes(new FakeNodeLauncher(), "simulated", folder, cleanup);
    Manifest.Builder sealed =
        Manifest.newBuilder()
            .setSnapshotId("s1")
            .setTopology(Topology.newBuilder().addVms(VmSpec.newBuilder().setName("vm1")))
            .setExact(true);
    try (PageStore store = PageStore.inDirectory(folder.store(), "test")) {
      store.seal(sealed.build());
    }
    assertThat(nodes.verify("s1").violations()).containsExactly("VM vm1 has no image");
    assertThatThrownBy(() -> nodes.verify("s2"))
        .isInstanceOf(DemoFailure.class)
        .hasMessageContaining("the stored snapshot s2 cannot be checked: ");
  }

  @Test
  void shouldTellWhatAHostThatEndedSaidLast() throws Exception {
    LocalNodes nodes = new LocalNodes(new FakeNodeLauncher(), "simulated", folder, cleanup);
    nodes.start(List.of("taken"));
    await()
        .atMost(JVM_STARTS)
        .untilAsserted(() ->
            assertThatThrownBy(nodes::check)
                .isInstanceOf(DemoFailure.class)
                .hasMessage(
                    "host taken ended with status 1: vnsnap: the name taken is taken: give another --name"));
  }

  @Test
  void shouldEndAHostWhenItsStarterIsGone() throws Exception {
    NodeOptions options =
        new NodeOptions(
            "a",
            Set.of(NodeOptions.HOST),
            new NodeOptions.Network("127.0.0.1", "127.0.0.1", 0, 0, List.of()),
            new NodeOptions.Places(
                folder.socket("a"), folder.state("a"), folder.store(), Optional.empty()),
            16,
            "");
    Process host =
        new ProcessBuilder(HostProcess.command(options))
            .redirectErrorStream(true)
            .redirectOutput(folder.log("a").toFile())
            .start();
    try {
      awaitNode("a");
      host.getOutputStream().close();
      assertThat(host.waitFor(JVM_STARTS.toSeconds(), TimeUnit.SECONDS)).isTrue();
      assertThat(host.exitValue()).isZero();
      assertThat(folder.log("a")).content().contains("Node a has ended: standard input ended");
      assertThat(folder.socket("a")).doesNotExist();
    } finally {
      host.destroyForcibly();
    }
  }
}
