package io.vnsnap.bench.goodput;

import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.bench.Cleanup;
import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.Down;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.LinkSpec;
import io.vnsnap.proto.SnapshotTaken;
import io.vnsnap.proto.TakeSnapshot;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.Up;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.proto.VnicSpec;
import io.vnsnap.shell.api.RefusedException;
import io.vnsnap.shell.api.UnreachableException;
import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.shell.node.ClusterNodeLauncher;
import io.vnsnap.shell.node.NodeOptions;
import io.vnsnap.shell.node.NodeStartException;
import io.vnsnap.shell.node.RunningNode;
import io.vnsnap.shell.render.SnapshotFigures;
import io.vnsnap.shell.watch.Answers;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A coordinator and two hosts in this JVM, and a VNE of two guests, one on each host. For use by
 * one thread; ended by the cleanup.
 */
final class Environment {
  /** Names of the guests. */
  static final List<String> VMS = List.of("vm1", "vm2");

  private static final List<String> HOSTS = List.of("a", "b");
  private static final String VNE = "goodput";
  private static final String LOOPBACK = "127.0.0.1";
  private static final int HOST_MEMORY_MIB = 1024;
  private static final long CLUSTER_SECONDS = 90;
  private static final long LOOK_MILLIS = 200;

  private final VnsnapClient client;

  private Environment(VnsnapClient client) {
    this.client = client;
  }

  /** Starts the cluster. */
  static Environment start(Path folder, Cleanup cleanup)
      throws BenchmarkException, InterruptedException {
    try {
      RunningNode coordinator = launch(folder, "c", NodeOptions.COORDINATOR, List.of(), cleanup);
      List<NodeOptions.Seed> seeds = List.of(new NodeOptions.Seed(LOOPBACK, coordinator.port()));
      for (String host : HOSTS) {
        RunningNode unused = launch(folder, host, NodeOptions.HOST, seeds, cleanup);
      }
      awaitHosts(coordinator.client());
      return new Environment(coordinator.client());
    } catch (NodeStartException e) {
      throw new BenchmarkException("a node cannot be started: " + e.getMessage(), e);
    }
  }

  private static RunningNode launch(
      Path folder, String name, String role, List<NodeOptions.Seed> seeds, Cleanup cleanup)
      throws NodeStartException {
    RunningNode node =
        new ClusterNodeLauncher()
            .launch(
                new NodeOptions(
                    name,
                    Set.of(role),
                    new NodeOptions.Network(LOOPBACK, LOOPBACK, 0, 0, seeds),
                    new NodeOptions.Places(
                        folder.resolve(name + ".run").resolve("sock"),
                        folder.resolve(name),
                        folder.resolve("store"),
                        Optional.empty()),
                    HOST_MEMORY_MIB,
                    role.equals(NodeOptions.HOST) ? NodeOptions.QEMU : ""));
    cleanup.add(node::close);
    return node;
  }

  /** A cluster that is forming may leave a question unanswered. */
  private static void awaitHosts(VnsnapClient client)
      throws BenchmarkException, InterruptedException {
    long end = System.nanoTime() + CLUSTER_SECONDS * 1_000_000_000;
    while (System.nanoTime() < end) {
      try {
        if (Answers.await(client.hosts()).getHostsCount() == HOSTS.size()) {
          return;
        }
      } catch (RefusedException | UnreachableException e) {
        // the cluster is not there yet: asked again below
      }
      Thread.sleep(LOOK_MILLIS);
    }
    throw new BenchmarkException("the hosts were not up within " + CLUSTER_SECONDS + " s");
  }

  /**
   * Boots the guests, which send each other streams.
   *
   * @param kit folder with {@code vmlinuz} and {@code initramfs.gz}
   * @param rate bytes per second, or "unlimited"
   */
  void up(Path kit, String rate) throws BenchmarkException, InterruptedException {
    Topology.Builder topology =
        Topology.newBuilder().setName(VNE).addLinks(LinkSpec.newBuilder().setName("lan"));
    for (int i = 0; i < VMS.size(); i++) {
      topology.addVms(vm(kit, rate, i));
    }
    VneReply unused = ask(request().setUp(Up.newBuilder().setTopology(topology)));
  }

  private static VmSpec vm(Path kit, String rate, int index) {
    return VmSpec.newBuilder()
        .setName(VMS.get(index))
        .setMemoryMib(128)
        .setCpus(1)
        .setKernel(kit.resolve("vmlinuz").toString())
        .setInitramfs(kit.resolve("initramfs.gz").toString())
        .setCommandLine(
            ("console=ttyS0 quiet panic=-1 cryptomgr.notests vnsnap.name=%s"
                    + " vnsnap.ip=10.0.0.%d/24 vnsnap.peers=10.0.0.%d vnsnap.udp=0 vnsnap.tcp=%s")
                .formatted(VMS.get(index), index + 1, 2 - index, rate))
        .setHost(HOSTS.get(index))
        .addVnics(
            VnicSpec.newBuilder()
                .setName("eth0")
                .setMac("52:54:00:00:00:0" + (index + 1))
                .setLink("lan"))
        .build();
  }

  /** Attaches to a guest's console; ended by the cleanup. */
  GuestLog console(String vm, Cleanup cleanup) {
    GuestLog log = new GuestLog(vm);
    cleanup.add(client.console(VNE, vm, log)::close);
    return log;
  }

  /** Takes a snapshot that must be exact; returns when it is sealed. */
  TakenSnapshot snapshot(CaptureMode mode) throws BenchmarkException, InterruptedException {
    SnapshotTaken taken =
        ask(request().setTakeSnapshot(TakeSnapshot.newBuilder().setMode(mode).setStrict(true)))
            .getSnapshotTaken();
    List<ImageRecord> images = taken.getManifest().getImagesList();
    long inRounds = images.stream().filter(i -> i.getMode() == CaptureMode.ROUNDS).count();
    return new TakenSnapshot(
        taken.getManifest().getSnapshotId(),
        taken.getDurationMs(),
        SnapshotFigures.of(taken.getManifest()).pauseMaxMs(),
        Math.toIntExact(inRounds),
        images.size());
  }

  void delete(TakenSnapshot snapshot) throws BenchmarkException, InterruptedException {
    try {
      Answers.await(client.deleteSnapshot(snapshot.id()));
    } catch (RefusedException | UnreachableException e) {
      throw new BenchmarkException("a snapshot cannot be deleted: " + e.getMessage(), e);
    }
  }

  void down() throws BenchmarkException, InterruptedException {
    VneReply unused = ask(request().setDown(Down.getDefaultInstance()));
  }

  private VneReply ask(VneRequest.Builder request) throws BenchmarkException, InterruptedException {
    try {
      return Answers.accepted(client.request(request.build()));
    } catch (RefusedException | UnreachableException e) {
      throw new BenchmarkException("the VNE's coordinator says: " + e.getMessage(), e);
    }
  }

  private static VneRequest.Builder request() {
    return VneRequest.newBuilder().setVne(VNE);
  }
}
