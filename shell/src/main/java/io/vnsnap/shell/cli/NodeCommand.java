package io.vnsnap.shell.cli;

import com.typesafe.config.ConfigException;
import io.vnsnap.proto.topology.TopologyRules;
import io.vnsnap.shell.control.ControlSockets;
import io.vnsnap.shell.node.NodeOptions;
import io.vnsnap.shell.node.NodeStartException;
import io.vnsnap.shell.node.RunningNode;
import io.vnsnap.shell.node.SeedNodes;
import io.vnsnap.store.place.Places;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A command that starts a node in this process and runs it until it is told to end. */
abstract class NodeCommand implements Callable<Integer> {
  private static final Set<String> HYPERVISORS =
      Set.of("", NodeOptions.QEMU, NodeOptions.SIMULATED);
  private static final int MAX_PORT = 65_535;

  private final RootCommand root;

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--name",
      required = true,
      paramLabel = "NAME",
      description = "Name of the node, unique in the cluster.")
  private String name = "";

  @Option(
      names = "--address",
      paramLabel = "ADDRESS",
      description = "Address that other nodes reach this one by (default: ${DEFAULT-VALUE}).")
  private String address = "127.0.0.1";

  @Option(
      names = "--bind",
      paramLabel = "ADDRESS",
      description = "Address to listen on (default: that of --address).")
  private String bind = "";

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "TCP port of the cluster's messages; 0: any (default: ${DEFAULT-VALUE}).")
  private int port = 2551;

  @Option(
      names = "--seed",
      paramLabel = "ADDRESS:PORT",
      description = {
        "A node to join; repeatable. Without one, those of akka.cluster.seed-nodes in the settings",
        "of --config are joined; without these, this node founds a cluster."
      })
  private List<String> seeds = new ArrayList<>();

  @Option(
      names = "--role",
      paramLabel = "ROLE",
      description = "host or coordinator, instead of this command's own; repeatable.")
  private Set<String> roles = new LinkedHashSet<>();

  @Option(
      names = "--state",
      paramLabel = "DIR",
      description = "Folder for the journal and the VMs' files (default: see below).")
  private @Nullable Path state;

  @Option(
      names = "--store",
      paramLabel = "PLACE",
      description =
          "Snapshot store, the same for all nodes: a folder, or s3://BUCKET/PREFIX (default: see"
              + " below).")
  private @Nullable String store;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description =
          "File of settings that go before the defaults, such as a database for the journal.")
  private @Nullable Path config;

  @Option(
      names = "--stop-on-eof",
      hidden = true,
      description = "End when standard input ends, so that the node does not outlive its starter.")
  private boolean stopOnEof;

  NodeCommand(RootCommand root) {
    this.root = root;
  }

  /**
   * What the node is when no role is named.
   *
   * @param joins whether it joins a cluster rather than founds one
   */
  abstract Set<String> defaultRoles(boolean joins);

  abstract int trunkPort();

  abstract long memoryMib();

  /** Empty: what the configuration says. */
  abstract String hypervisor();

  @Override
  public final Integer call() {
    NodeOptions options = options();
    try (RunningNode node = root.context().launcher().get().launch(options)) {
      Thread hook = new Thread(node::close, "vnsnap-stop");
      Runtime.getRuntime().addShutdownHook(hook);
      CompletableFuture<String> end = new CompletableFuture<>();
      node.whenEnded()
          .whenComplete((how, refused) -> {
            if (refused == null) {
              end.complete(how);
            } else {
              end.completeExceptionally(refused);
            }
          });
      if (stopOnEof) {
        Thread.ofVirtual().name("vnsnap-stdin").start(() -> awaitEof(System.in, end));
      }
      root.context()
          .screen()
          .line(
              "Node %s runs on %s:%d; its control socket is %s. Ctrl-C ends it."
                  .formatted(
                      options.name(),
                      options.network().address(),
                      node.port(),
                      options.places().socket()));
      root.context().screen().line("Node " + options.name() + " has ended: " + end.join());
      return CommandLineInterface.OK;
    } catch (NodeStartException e) {
      throw new CommandFailure(String.valueOf(e.getMessage()), e);
    } catch (CompletionException e) {
      @Nullable Throwable cause = e.getCause();
      throw new CommandFailure(String.valueOf(cause == null ? e : cause.getMessage()), e);
    }
  }

  private static void awaitEof(InputStream in, CompletableFuture<String> end) {
    try {
      in.transferTo(OutputStream.nullOutputStream());
      end.complete("standard input ended");
    } catch (IOException e) {
      end.complete("standard input failed: " + e.getMessage());
    }
  }

  private NodeOptions options() {
    if (!TopologyRules.isName(name)) {
      throw usage(
          "--name %s: 1 to 40 lower-case letters, digits and hyphens, not a hyphen first"
              .formatted(name));
    }
    Set<String> taken = roles.isEmpty() ? defaultRoles(joins()) : roles;
    for (String role : taken) {
      if (!role.equals(NodeOptions.HOST) && !role.equals(NodeOptions.COORDINATOR)) {
        throw usage("--role takes host or coordinator, not " + role);
      }
    }
    checkPort("--port", port);
    checkPort("--trunk-port", trunkPort());
    if (!HYPERVISORS.contains(hypervisor())) {
      throw usage("--hypervisor takes qemu or simulated, not " + hypervisor());
    }
    if (memoryMib() < 0) {
      throw usage("--memory takes MiB, at least 1");
    }
    List<NodeOptions.Seed> parsed = new ArrayList<>();
    seeds.forEach(seed -> parsed.add(seed(seed)));
    NodeFolders folders = NodeFolders.of(root.context().environment());
    Path socket = root.socket();
    return new NodeOptions(
        name,
        taken,
        new NodeOptions.Network(
            address, bind.isEmpty() ? address : bind, port, trunkPort(), parsed),
        new NodeOptions.Places(
            absolute(socket, ControlSockets.of(root.context().environment()).socketOf(name)),
            absolute(state, folders.state(name)),
            location(store, folders.store()),
            Optional.ofNullable(config)),
        memoryMib(),
        hypervisor());
  }

  private boolean joins() {
    try {
      return !seeds.isEmpty() || SeedNodes.configured(Optional.ofNullable(config));
    } catch (ConfigException e) {
      throw new CommandFailure("the configuration cannot be read: " + e.getMessage(), e);
    }
  }

  private static Path absolute(@Nullable Path given, Path fallback) {
    return (given == null ? fallback : given).toAbsolutePath().normalize();
  }

  private String location(@Nullable String given, Path fallback) {
    try {
      return Places.absolute(given == null ? fallback.toString() : given);
    } catch (IllegalArgumentException e) {
      throw usage("--store: " + e.getMessage());
    }
  }

  private void checkPort(String option, int value) {
    if (value < 0 || value > MAX_PORT) {
      throw usage("%s takes 0 to %d, not %d".formatted(option, MAX_PORT, value));
    }
  }

  private NodeOptions.Seed seed(String text) {
    int colon = text.lastIndexOf(':');
    try {
      int seedPort = Integer.parseInt(text.substring(colon + 1));
      if (colon > 0 && seedPort > 0 && seedPort <= MAX_PORT) {
        return new NodeOptions.Seed(text.substring(0, colon), seedPort);
      }
    } catch (NumberFormatException e) {
      throw usage("--seed takes ADDRESS:PORT, not " + text);
    }
    throw usage("--seed takes ADDRESS:PORT, not " + text);
  }

  private RuntimeException usage(String message) {
    return spec == null
        ? new CommandFailure(message)
        : new CommandLine.ParameterException(spec.commandLine(), message);
  }
}
