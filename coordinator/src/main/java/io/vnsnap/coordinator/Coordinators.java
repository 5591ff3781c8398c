package io.vnsnap.coordinator;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.AskPattern;
import akka.actor.typed.receptionist.Receptionist;
import akka.cluster.sharding.typed.ClusterShardingSettings;
import akka.cluster.sharding.typed.javadsl.ClusterSharding;
import akka.cluster.sharding.typed.javadsl.Entity;
import akka.cluster.sharding.typed.javadsl.EntityRef;
import akka.cluster.sharding.typed.javadsl.EntityTypeKey;
import akka.cluster.typed.Cluster;
import io.vnsnap.proto.HostDescription;
import io.vnsnap.proto.VneList;
import io.vnsnap.proto.VneStatus;
import io.vnsnap.proto.topology.TopologyRules;
import io.vnsnap.proto.wire.ToVne;
import io.vnsnap.proto.wire.ToVneDirectory;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * The coordinators of all VNEs, as any node of the cluster sees them. Nodes with role {@value
 * #ROLE} run them and open the journal; the others only send. Safe for use by several threads.
 */
public final class Coordinators {
  /** Role of the nodes that run coordinators. */
  public static final String ROLE = "coordinator";

  private static final EntityTypeKey<ToVne> VNE = EntityTypeKey.create(ToVne.class, "vne");
  private static final String JOURNAL = "vnsnap.coordinator.journal.events";
  private static final String SNAPSHOTS = "vnsnap.coordinator.journal.snapshots";
  private static final String QUERIES = "vnsnap.coordinator.journal.queries";

  private final ActorSystem<?> system;
  private final Duration patience;
  private final ClusterSharding sharding;
  private final ActorRef<HostDirectory.Command> hosts;

  private Coordinators(
      ActorSystem<?> system, Duration patience, ActorRef<HostDirectory.Command> hosts) {
    this.system = system;
    this.patience = patience;
    this.sharding = ClusterSharding.get(system);
    this.hosts = hosts;
  }

  /**
   * Starts this node's part; to be called once for each actor system, before anything is asked of
   * VNEs. On a coordinator node this opens the journal and makes its tables, which blocks: not for
   * actor threads.
   *
   * @throws JournalUnusableException if this is a coordinator node and its journal cannot be used;
   *     nothing is started then
   */
  public static Coordinators start(ActorSystem<?> system) {
    CoordinatorSettings settings = CoordinatorSettings.of(system.settings().config());
    boolean runsCoordinators = Cluster.get(system).selfMember().hasRole(ROLE);
    if (runsCoordinators) {
      JournalSchema.create(system.settings().config());
    }
    ActorRef<HostDirectory.Command> hosts =
        system.systemActorOf(
            HostDirectory.create(settings.timeouts().describe()),
            "vnsnap-host-directory",
            Props.empty());
    if (runsCoordinators) {
      system.systemActorOf(
          VneDirectory.create(QUERIES, settings.vneListLimit()),
          "vnsnap-vne-directory",
          Props.empty());
    }
    Coordinators coordinators = new Coordinators(system, settings.timeouts().ask(), hosts);
    coordinators.sharding.init(
        Entity.of(
                VNE,
                entity ->
                    VneCoordinator.create(
                        new Surroundings(
                            entity.getEntityId(), settings, Clock.systemUTC(), new SecureRandom()),
                        new VneCoordinator.Plugins(JOURNAL, SNAPSHOTS),
                        hosts,
                        entity.getShard()))
            .withRole(ROLE)
            .withSettings(sharding(system)));
    return coordinators;
  }

  /** Interrupted VNEs are taken up again wherever their shard goes, without being asked. */
  private static ClusterShardingSettings sharding(ActorSystem<?> system) {
    return ClusterShardingSettings.create(system)
        .withRememberEntities(true)
        .withRememberEntitiesStoreMode(
            ClusterShardingSettings.rememberEntitiesStoreModeEventSourced())
        .withJournalPluginId(JOURNAL)
        .withSnapshotPluginId(SNAPSHOTS)
        .withNoPassivationStrategy();
  }

  /**
   * The coordinator of a VNE, wherever it runs; for asks ({@code ToVne.Ask}) and hosts' reports
   * ({@code ToVne.Report}). An ask that gets no answer in time may still have been carried out.
   *
   * @throws IllegalArgumentException if no VNE can have this name
   */
  public EntityRef<ToVne> entity(String vne) {
    if (!TopologyRules.isName(vne)) {
      throw new IllegalArgumentException(
          "\"" + vne + "\" cannot be the name of a VNE: write lower-case letters, digits, hyphens");
    }
    return sharding.entityRefFor(VNE, vne);
  }

  /**
   * Names of the VNEs that the journal knows, sorted, at most {@code
   * vnsnap.coordinator.vne-list-limit}. Fails with a {@link java.util.concurrent.TimeoutException}
   * after {@code vnsnap.coordinator.timeouts.ask}, and with an {@link IllegalStateException} if no
   * coordinator node can be reached.
   */
  public CompletionStage<List<String>> vnes() {
    return AskPattern.<Receptionist.Command, Receptionist.Listing>ask(
            system.receptionist(),
            replyTo -> Receptionist.find(VneDirectory.SERVICE, replyTo),
            patience,
            system.scheduler())
        .thenCompose(this::namesFrom);
  }

  private CompletionStage<List<String>> namesFrom(Receptionist.Listing listing) {
    Optional<ActorRef<ToVneDirectory>> directory =
        listing.getServiceInstances(VneDirectory.SERVICE).stream()
            .min(Comparator.comparing((ActorRef<ToVneDirectory> ref) -> ref.path().toString()));
    if (directory.isEmpty()) {
      throw new IllegalStateException(
          "no node with role " + ROLE + " can be reached; start one, or wait for it");
    }
    CompletionStage<VneList> list =
        AskPattern.ask(
            directory.get(), ToVneDirectory.ListNames::new, patience, system.scheduler());
    return list.thenApply(
        names -> names.getVnesList().stream().map(VneStatus::getVne).sorted().toList());
  }

  /**
   * What the hosts of the cluster have, sorted by name; those that cannot be used say why in {@code
   * unusable_reason}. Answers within {@code vnsnap.coordinator.timeouts.describe}.
   */
  public CompletionStage<List<HostDescription>> hosts() {
    CompletionStage<HostDirectory.Described> described =
        AskPattern.ask(hosts, HostDirectory.DescribeAll::new, patience, system.scheduler());
    return described.thenApply(HostDirectory.Described::all);
  }
}
