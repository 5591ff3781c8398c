package io.vnsnap.shell.node;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import java.util.HashMap;
import java.util.Map;

/**
 * A node's configuration: its options over system properties over vnsnap-node.conf over every
 * module's reference.conf.
 */
final class NodeConfig {
  /** Key of what runs VMs. */
  static final String HYPERVISOR = "vnsnap.vm.hypervisor";

  private NodeConfig() {}

  static Config of(NodeOptions options) {
    NodeOptions.Network network = options.network();
    Map<String, Object> values = new HashMap<>();
    values.put("akka.remote.artery.canonical.hostname", network.address());
    values.put("akka.remote.artery.canonical.port", network.port());
    values.put("akka.remote.artery.bind.hostname", network.bindAddress());
    values.put("akka.cluster.roles", options.roles());
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
    return own.withFallback(ConfigFactory.systemProperties())
        .withFallback(ConfigFactory.parseResources("vnsnap-node.conf"))
        .withFallback(ConfigFactory.defaultReferenceUnresolved())
        .resolve();
  }
}
