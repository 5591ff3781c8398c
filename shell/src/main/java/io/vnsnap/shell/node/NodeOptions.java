package io.vnsnap.shell.node;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * How a node is to be started.
 *
 * @param name of the node, unique in the cluster; as host name it is what topologies and placements
 *     refer to; [a-z0-9][a-z0-9-]{0,39}
 * @param roles what it does in the cluster: {@link #HOST}, {@link #COORDINATOR} or both
 * @param network where it listens and whom it joins
 * @param places where it keeps things
 * @param memoryMib MiB that VMs may take on this node in all; 0: what the machine has, less a
 *     reserve; without meaning unless it is a host
 * @param hypervisor what runs VMs: {@link #QEMU} or {@link #SIMULATED}; empty: what the
 *     configuration says ({@code vnsnap.vm.hypervisor}); without meaning unless it is a host
 */
public record NodeOptions(
    String name,
    Set<String> roles,
    Network network,
    Places places,
    long memoryMib,
    String hypervisor) {

  /** Role of a node that runs VMs. */
  public static final String HOST = "host";

  /** Role of a node that runs coordinators of VNEs. */
  public static final String COORDINATOR = "coordinator";

  /** Runs VMs as QEMU processes. */
  public static final String QEMU = "qemu";

  /** Runs VMs as programs inside this JVM. */
  public static final String SIMULATED = "simulated";

  /** Copies the roles. */
  public NodeOptions {
    roles = Set.copyOf(roles);
  }

  /**
   * Where a node listens and whom it joins.
   *
   * @param address that other nodes reach it by
   * @param bindAddress it listens on; the same as address unless that is translated on the way
   * @param port TCP port of the cluster's messages; 0: any free one
   * @param trunkPort TCP port of the trunk; 0: any free one
   * @param seeds nodes to ask for admission; empty: those of the configuration, and if there are
   *     none either, this node founds a cluster
   */
  public record Network(
      String address, String bindAddress, int port, int trunkPort, List<Seed> seeds) {

    /** Copies the seeds. */
    public Network {
      seeds = List.copyOf(seeds);
    }
  }

  /** Address and port of a node's cluster messages. */
  public record Seed(String address, int port) {}

  /**
   * Where a node keeps things.
   *
   * @param socket its control socket; the folder is private to the user
   * @param state folder for the journal and for the sockets, logs and overlays of VMs
   * @param store where the snapshot store is, shared by all nodes of the cluster: a directory, or
   *     {@code s3://bucket/prefix}
   * @param config a file of settings that go before the defaults
   */
  public record Places(Path socket, Path state, String store, Optional<Path> config) {

    /** With a store in a directory. */
    public Places(Path socket, Path state, Path store, Optional<Path> config) {
      this(socket, state, store.toString(), config);
    }
  }
}
