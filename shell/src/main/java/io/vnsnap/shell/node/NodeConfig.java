package io.vnsnap.shell.node;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigValueFactory;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A node's configuration: its options over system properties over the user's file over
 * vnsnap-node.conf over every module's reference.conf.
 */
final class NodeConfig {
  /** Key of what runs VMs. */
  static final String HYPERVISOR = "vnsnap.vm.hypervisor";

  private NodeConfig() {}

  /**
   * All of it, resolved.
   *
   * @throws com.typesafe.config.ConfigException naming file and line of what is wrong
   */
  static Config of(NodeOptions options) {
    NodeOptions.Network network = options.network();
    Map<String, Object> values = new HashMap<>();
    values.put("akka.remote.artery.canonical.hostname", network.address());
    values.put("akka.remote.artery.canonical.port", network.port());
    values.put("akka.remote.artery.bind.hostname", network.bindAddress());
    values.put("vnsnap.net.trunk.address", network.address());
    values.put("vnsnap.net.trunk.bind-address", network.bindAddress());
    values.put("vnsnap.net.trunk.port", network.trunkPort());
    values.put(
        "vnsnap.coordinator.journal.directory",
        options.places().state().resolve("journal").toString());
    if (!options.hypervisor().isEmpty()) {
      values.put(HYPERVISOR, options.hypervisor());
    }
    Config own = ConfigFactory.empty();
    for (Map.Entry<String, Object> entry : values.entrySet()) {
      own =
          own.withValue(
              entry.getKey(),
              ConfigValueFactory.fromAnyRef(entry.getValue(), "the node's options"));
    }
    Config file = options.places().config().map(NodeConfig::parse).orElseGet(ConfigFactory::empty);
    Config all = layered(own, file);
    return all.withValue(
        "akka.cluster.roles", ConfigValueFactory.fromIterable(roles(options, all)));
  }

  /** What holds for a node that says nothing itself. */
  static Config defaults() {
    return layered(ConfigFactory.empty(), ConfigFactory.empty());
  }

  private static Config layered(Config own, Config file) {
    return own.withFallback(ConfigFactory.systemProperties())
        .withFallback(file)
        .withFallback(ConfigFactory.parseResources("vnsnap-node.conf"))
        .withFallback(ConfigFactory.defaultReferenceUnresolved())
        .resolve();
  }

  static Config parse(Path file) {
    return ConfigFactory.parseFile(
        file.toFile(), ConfigParseOptions.defaults().setAllowMissing(false));
  }

  private static Set<String> roles(NodeOptions options, Config config) {
    Set<String> roles = new TreeSet<>(options.roles());
    if (roles.contains(NodeOptions.COORDINATOR)) {
      roles.add(JournalIdentity.role(config, options.network().address()));
    }
    return roles;
  }
}
