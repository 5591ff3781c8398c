package io.vnsnap.it.vne;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vnsnap.proto.CancelSnapshot;
import io.vnsnap.proto.Down;
import io.vnsnap.proto.GetStatus;
import io.vnsnap.proto.Loading;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.Restored;
import io.vnsnap.proto.SnapshotTaken;
import io.vnsnap.proto.TakeSnapshot;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.Up;
import io.vnsnap.proto.VmStatus;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.proto.VneStatus;
import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.shell.node.ClusterNodeLauncher;
import io.vnsnap.shell.node.NodeOptions;
import io.vnsnap.shell.node.NodeStartException;
import io.vnsnap.shell.node.RunningNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** A cluster of a coordinator and the hosts a and b in this JVM, with one VNE on it. */
final class Lab implements AutoCloseable {
  static final String VNE = "lab";
  private static final long PATIENCE_S = 150;
  private static final int HOST_MEMORY_MIB = 1024;

  private final Path folder;
  private final String hypervisor;
  private final List<RunningNode> nodes = new ArrayList<>();
  private final List<Guest> guests = new ArrayList<>();

  private Lab(Path folder, String hypervisor) {
    this.folder = folder;
    this.hypervisor = hypervisor;
  }

  /** With QEMU. */
  static Lab start() throws IOException, NodeStartException {
    return start(NodeOptions.QEMU);
  }

  static Lab start(String hypervisor) throws IOException, NodeStartException {
    Lab lab = new Lab(Files.createTempDirectory(Path.of("/tmp"), "vnit"), hypervisor);
    try {
      RunningNode coordinator = lab.node("c", NodeOptions.COORDINATOR, List.of());
      List<NodeOptions.Seed> seeds = List.of(new NodeOptions.Seed("127.0.0.1", coordinator.port()));
      lab.node("a", NodeOptions.HOST, seeds);
      lab.node("b", NodeOptions.HOST, seeds);
      await("both hosts are up")
          .atMost(Duration.ofSeconds(PATIENCE_S))
          .pollInterval(Duration.ofMillis(200))
          .ignoreExceptions()
          .until(() -> get(lab.client().hosts()).getHostsCount() == 2);
    } catch (NodeStartException | RuntimeException e) {
      lab.close();
      throw e;
    }
    return lab;
  }

  private RunningNode node(String name, String role, List<NodeOptions.Seed> seeds)
      throws NodeStartException {
    RunningNode node =
        new ClusterNodeLauncher()
            .launch(
                new NodeOptions(
                    name,
                    Set.of(role),
                    new NodeOptions.Network("127.0.0.1", "127.0.0.1", 0, 0, seeds),
                    new NodeOptions.Places(
                        folder.resolve(name + ".run").resolve("sock"),
                        folder.resolve(name),
                        store(),
                        Optional.empty()),
                    HOST_MEMORY_MIB,
                    role.equals(NodeOptions.HOST) ? hypervisor : ""));
    nodes.add(node);
    return node;
  }

  Path folder() {
    return folder;
  }

  Path store() {
    return folder.resolve("store");
  }

  VnsnapClient client() {
    return nodes.get(0).client();
  }

  VneStatus up(Topology topology) {
    return status(ask(request().setUp(Up.newBuilder().setTopology(topology))));
  }

  VneStatus down() {
    return status(ask(request().setDown(Down.getDefaultInstance())));
  }

  VneStatus status() {
    return status(ask(request().setGetStatus(GetStatus.getDefaultInstance())));
  }

  /** Takes a snapshot that must succeed. */
  Manifest snapshot(String label) {
    return takeSnapshot(label).getManifest();
  }

  SnapshotTaken takeSnapshot(String label) {
    VneReply reply = get(beginSnapshot(label));
    assertThat(reply.hasSnapshotTaken()).as("snapshot: %s", reply.getRefused()).isTrue();
    return reply.getSnapshotTaken();
  }

  CompletionStage<VneReply> beginSnapshot(String label) {
    return beginSnapshot(TakeSnapshot.newBuilder().setLabel(label));
  }

  CompletionStage<VneReply> beginSnapshot(TakeSnapshot.Builder take) {
    return client().request(request().setTakeSnapshot(take.setStrict(true)).build());
  }

  void delete(Manifest snapshot) {
    get(client().deleteSnapshot(snapshot.getSnapshotId()));
  }

  VneReply cancelSnapshot() {
    return ask(request().setCancelSnapshot(CancelSnapshot.getDefaultInstance()));
  }

  Restored restore(Manifest snapshot, Map<String, String> placement) {
    return restore(snapshot, placement, Loading.LAZY_IF_POSSIBLE);
  }

  Restored restore(Manifest snapshot, Map<String, String> placement, Loading loading) {
    VneReply reply = get(client().restore(snapshot.getSnapshotId(), placement, loading));
    assertThat(reply.hasRestored()).as("restore: %s", reply.getRefused()).isTrue();
    return reply.getRestored();
  }

  /** Attaches to a VM's console. */
  Guest guest(String vm) {
    Guest guest = new Guest(client(), vm);
    guests.add(guest);
    return guest;
  }

  VmStatus vm(String name) {
    return status().getVmsList().stream()
        .filter(vm -> vm.getVm().equals(name))
        .findFirst()
        .orElseThrow();
  }

  List<Long> pids() {
    return status().getVmsList().stream().map(VmStatus::getPid).filter(pid -> pid > 0).toList();
  }

  private static VneRequest.Builder request() {
    return VneRequest.newBuilder().setVne(VNE);
  }

  private VneReply ask(VneRequest.Builder request) {
    return get(client().request(request.build()));
  }

  private static VneStatus status(VneReply reply) {
    assertThat(reply.hasStatus()).as("refused: %s", reply.getRefused()).isTrue();
    return reply.getStatus();
  }

  static <T> T get(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().get(PATIENCE_S, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException(e);
    }
  }

  /** VM processes of this lab that run now, known by the paths on their command lines. */
  List<Long> processes() {
    return ProcessHandle.allProcesses()
        .filter(process ->
            Optional.ofNullable(process.info().arguments().orElse(null)).stream()
                .flatMap(Stream::of)
                .anyMatch(argument -> argument.contains(folder.toString())))
        .map(ProcessHandle::pid)
        .toList();
  }

  @Override
  public void close() throws IOException {
    guests.forEach(Guest::close);
    for (int i = nodes.size() - 1; i >= 0; i--) {
      nodes.get(i).close();
    }
    assertThat(processes()).as("VMs left behind").isEmpty();
    try (Stream<Path> all = Files.walk(folder)) {
      all.sorted(Comparator.reverseOrder()).forEach(Lab::delete);
    }
  }

  private static void delete(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
