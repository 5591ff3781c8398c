package io.vnsnap.shell.demo;

import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.shell.control.ControlClient;
import io.vnsnap.shell.node.NodeLauncher;
import io.vnsnap.shell.node.NodeOptions;
import io.vnsnap.shell.node.NodeStartException;
import io.vnsnap.shell.node.RunningNode;
import io.vnsnap.store.SnapshotVerification;
import io.vnsnap.store.pages.PageStore;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A coordinator in this JVM and hosts in JVMs of their own, all on the loopback interface, all
 * files in the demo's folder.
 */
final class LocalNodes implements DemoNodes {
  static final String COORDINATOR = "demo";
  private static final String LOOPBACK = "127.0.0.1";
  private static final long HOST_MEMORY_MIB = 1024;
  private static final long CLOSE_DEADLINE_MS = 10_000;

  private final NodeLauncher launcher;
  private final String hypervisor;
  private final DemoFolder folder;
  private final DemoProcesses processes;
  private final Cleanup cleanup;
  private final Map<String, HostProcess> hosts = new LinkedHashMap<>();

  /**
   * Nodes that have not been started.
   *
   * @param hypervisor of the hosts, see {@link NodeOptions}
   */
  LocalNodes(NodeLauncher launcher, String hypervisor, DemoFolder folder, Cleanup cleanup) {
    this.launcher = launcher;
    this.hypervisor = hypervisor;
    this.folder = folder;
    this.processes = new DemoProcesses(folder);
    this.cleanup = cleanup;
  }

  @Override
  public VnsnapClient start(List<String> names) throws DemoFailure {
    NodeOptions options = options(COORDINATOR, NodeOptions.COORDINATOR, List.of());
    try {
      RunningNode node = launcher.launch(options);
      // undone in reverse: a member leaves its cluster fast only while the others still answer
      cleanup.add("end the demo's processes", processes::killAll);
      cleanup.add("end the coordinator", () -> close(node));
      NodeOptions.Seed seed = new NodeOptions.Seed(LOOPBACK, node.port());
      for (String name : names) {
        hosts.put(
            name,
            HostProcess.start(options(name, NodeOptions.HOST, List.of(seed)), folder.log(name)));
      }
    } catch (NodeStartException | IOException e) {
      throw new DemoFailure("a node cannot be started: " + e.getMessage(), e);
    }
    return new ControlClient(options.places().socket());
  }

  /** Leaving a cluster whose hosts are gone may take long; nobody needs to wait for it. */
  private static void close(RunningNode node) throws InterruptedException {
    Thread closing = new Thread(node::close, "vnsnap-demo-close");
    closing.setDaemon(true);
    closing.start();
    closing.join(CLOSE_DEADLINE_MS);
  }

  private NodeOptions options(String name, String role, List<NodeOptions.Seed> seeds)
      throws DemoFailure {
    return new NodeOptions(
        name,
        Set.of(role),
        new NodeOptions.Network(LOOPBACK, LOOPBACK, freePort(), freePort(), seeds),
        new NodeOptions.Places(
            folder.socket(name), folder.state(name), folder.store(), Optional.empty()),
        HOST_MEMORY_MIB,
        role.equals(NodeOptions.HOST) ? hypervisor : "");
  }

  private static int freePort() throws DemoFailure {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new DemoFailure("no free port on the loopback interface: " + e.getMessage(), e);
    }
  }

  @Override
  public void check() throws DemoFailure {
    for (HostProcess host : hosts.values()) {
      if (!host.ended().isEmpty()) {
        throw new DemoFailure(host.ended());
      }
    }
  }

  @Override
  public SnapshotVerification verify(String snapshotId) throws DemoFailure {
    try (PageStore store = PageStore.inDirectory(folder.store(), "demo")) {
      return SnapshotVerification.of(store, snapshotId);
    } catch (IOException e) {
      throw new DemoFailure(
          "the stored snapshot %s cannot be checked: %s".formatted(snapshotId, e.getMessage()), e);
    }
  }

  @Override
  public void killHost(String host, List<Long> vms) throws DemoFailure, InterruptedException {
    HostProcess process = hosts.remove(host);
    if (process == null) {
      throw new DemoFailure("there is no host " + host);
    }
    process.kill();
    List<Long> others = vms.stream().filter(pid -> pid != process.pid()).toList();
    int killed = processes.kill(others);
    if (killed < others.size()) {
      throw new DemoFailure(
          "only %d of %d VMs of host %s were found by their process ids %s"
              .formatted(killed, others.size(), host, others));
    }
  }
}
