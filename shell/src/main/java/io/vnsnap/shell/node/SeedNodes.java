package io.vnsnap.shell.node;

import akka.actor.Address;
import akka.actor.AddressFromURIString;
import akka.actor.typed.ActorSystem;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.JoinSeedNodes;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import java.net.MalformedURLException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Whom a node asks for admission to its cluster: those of its options, else those of the
 * configuration ({@code akka.cluster.seed-nodes}), else nobody, and then it founds a cluster.
 *
 * <p>Akka would join those of the configuration by itself as soon as it starts. They are taken out
 * of what it sees: a node is to join when everything that can fail here has not failed.
 */
public final class SeedNodes {
  private static final String KEY = "akka.cluster.seed-nodes";
  private static final String PROTOCOL = "akka";

  private final List<Address> addresses;

  private SeedNodes(List<Address> addresses) {
    this.addresses = List.copyOf(addresses);
  }

  /**
   * Whether a node that is given no seeds as options joins a cluster all the same.
   *
   * @param file of settings, if one was named
   * @throws ConfigException if it cannot be read
   */
  public static boolean configured(Optional<Path> file) {
    Config config =
        ConfigFactory.systemProperties()
            .withFallback(file.map(NodeConfig::parse).orElseGet(ConfigFactory::empty));
    return config.hasPath(KEY) && !config.getList(KEY).isEmpty();
  }

  /**
   * Those of a node.
   *
   * @throws ConfigException.BadValue naming file and line of what is no address
   */
  static SeedNodes of(NodeOptions options, Config config, String system) {
    List<Address> addresses = new ArrayList<>();
    for (NodeOptions.Seed seed : options.network().seeds()) {
      addresses.add(new Address(PROTOCOL, system, seed.address(), seed.port()));
    }
    if (addresses.isEmpty()) {
      for (String seed : config.getStringList(KEY)) {
        addresses.add(parse(seed, config, system));
      }
    }
    return new SeedNodes(addresses);
  }

  private static Address parse(String seed, Config config, String system) {
    String advice = "write \"%s://%s@ADDRESS:PORT\"".formatted(PROTOCOL, system);
    Address address;
    try {
      address = AddressFromURIString.parse(seed);
    } catch (Exception e) { // being Scala, it throws checked ones without saying so
      throw refused(config, seed, advice, e);
    }
    if (!address.hasGlobalScope() || !address.system().equals(system)) {
      throw refused(config, seed, advice, new MalformedURLException(seed));
    }
    return address;
  }

  private static ConfigException.BadValue refused(
      Config config, String seed, String advice, Exception cause) {
    return new ConfigException.BadValue(
        config.getValue(KEY).origin(), KEY, "\"%s\"; %s".formatted(seed, advice), cause);
  }

  /** A configuration without seeds, so that Akka joins nobody by itself. */
  static Config takenOut(Config config) {
    return config.withValue(KEY, ConfigValueFactory.fromIterable(List.of()));
  }

  /** Empty: the node founds a cluster. */
  List<Address> addresses() {
    return addresses;
  }

  /** Joins their cluster, or founds one. Goes on in the background. */
  void join(ActorSystem<Void> system) {
    Cluster cluster = Cluster.get(system);
    cluster
        .manager()
        .tell(
            new JoinSeedNodes(
                addresses.isEmpty() ? List.of(cluster.selfMember().address()) : addresses));
  }
}
