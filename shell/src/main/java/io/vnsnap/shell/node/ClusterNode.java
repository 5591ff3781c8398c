package io.vnsnap.shell.node;

import akka.Done;
import akka.actor.CoordinatedShutdown;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.AskPattern;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import akka.cluster.typed.Cluster;
import com.typesafe.config.Config;
import io.vnsnap.coordinator.Coordinators;
import io.vnsnap.host.HostActor;
import io.vnsnap.host.HostContext;
import io.vnsnap.proto.wire.HostKey;
import io.vnsnap.proto.wire.ToHost;
import io.vnsnap.proto.wire.ToVne;
import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.shell.control.ControlServer;
import io.vnsnap.shell.control.ControlSettings;
import io.vnsnap.store.pages.PageStore;
import io.vnsnap.vm.Hypervisor;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node: actor system, and for a host also data plane and hypervisor, put together. The one place
 * that knows all modules.
 *
 * <p>However the actor system ends (asked to close, removed by the cluster, signalled), its
 * coordinated shutdown ends the VMs first: a host that the cluster has given up must not leave VMs
 * running that may be restored elsewhere.
 */
final class ClusterNode implements RunningNode {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterNode.class);

  /** Name of the actor system, the same on all nodes: Akka wants it so. */
  private static final String SYSTEM = "vnsnap";

  private final ActorSystem<Void> system;
  private final VnsnapClient client;
  private final CompletionStage<String> ended;

  private ClusterNode(
      ActorSystem<Void> system, VnsnapClient client, CompletionStage<String> ended) {
    this.system = system;
    this.client = client;
    this.ended = ended;
  }

  /**
   * Starts a node.
   *
   * @param resources gets everything that was opened, to be closed by the caller if this fails
   */
  static ClusterNode start(NodeOptions options, Resources resources) throws IOException {
    Config given = NodeConfig.of(options);
    SeedNodes seeds = SeedNodes.of(options, given, SYSTEM);
    Config config = SeedNodes.takenOut(ArteryTls.over(given));
    NodeSettings settings = NodeSettings.from(config);
    StateFolder state = resources.add(StateFolder.claim(options.places().state()));
    ExecutorService blocking = BlockingThreads.create(settings.maxBlockingThreads());
    resources.add(blocking::shutdownNow);
    PageStore store =
        resources.add(PageStore.open(options.places().store(), config, options.name()));
    ActorSystem<Void> system = ActorSystem.create(Behaviors.empty(), SYSTEM, config);
    resources.add(() -> terminate(system));
    Coordinators coordinators = Coordinators.start(system);
    if (options.roles().contains(NodeOptions.HOST)) {
      HostContext.Shared shared =
          new HostContext.Shared(
              store,
              blocking,
              report -> coordinators.entity(report.getVne()).tell(new ToVne.Report(report)));
      state.endOrphans();
      blocking.execute(() -> StoreWarmUp.run(store, options.name()));
      HostContext host = HostParts.open(options, config, state, shared, resources);
      startHost(host, system);
      Hypervisor simulated = HostParts.simulated(config, blocking, resources);
      blocking.execute(() -> new Rehearsal(system, host).run(simulated));
      // Once more, on top of what hosts work with: VMs end before it is closed.
      resources.add(() -> terminate(system));
    }
    CompletableFuture<String> refused = new CompletableFuture<>();
    if (options.roles().contains(NodeOptions.COORDINATOR)) {
      system.systemActorOf(
          JournalIdentity.guard(reason -> leave(system, reason, refused)),
          "vnsnap-journal-guard",
          Props.empty());
    }
    ClusterClient client = new ClusterClient(system, coordinators, store, blocking, settings);
    resources.add(
        ControlServer.start(options.places().socket(), client, ControlSettings.from(config)));
    // Last: what can fail here has failed before other nodes see this one.
    seeds.join(system);
    CompletionStage<String> ended =
        system
            .getWhenTerminated()
            .thenApplyAsync(
                done -> {
                  resources.close();
                  if (refused.isDone()) {
                    throw new CompletionException(new NodeStartException(refused.join(), null));
                  }
                  return "the node %s has left the cluster".formatted(options.name());
                },
                task -> new Thread(task, "vnsnap-end").start());
    return new ClusterNode(system, client, ended);
  }

  private static void startHost(HostContext context, ActorSystem<Void> system) {
    ActorRef<ToHost> host =
        system.systemActorOf(
            HostActor.create(context), HostKey.actorName(context.name()), Props.empty());
    CoordinatedShutdown.get(system)
        .addTask(
            CoordinatedShutdown.PhaseServiceStop(), "end-vms", () -> endVms(system, host, context));
    system.receptionist().tell(Receptionist.register(HostKey.SERVICE, host));
  }

  private static CompletionStage<Done> endVms(
      ActorSystem<Void> system, ActorRef<ToHost> host, HostContext context) {
    Duration patience =
        system
            .settings()
            .config()
            .getDuration("akka.coordinated-shutdown.phases.service-stop.timeout");
    return AskPattern.<ToHost, Done>ask(host, HostActor.Shutdown::new, patience, system.scheduler())
        .exceptionally(problem -> {
          LOG.warn("not all VMs of host {} ended in time", context.name(), problem);
          return Done.getInstance();
        });
  }

  private static void leave(
      ActorSystem<Void> system, String reason, CompletableFuture<String> refused) {
    LOG.error("This node leaves the cluster: {}", reason);
    refused.complete(reason);
    CoordinatedShutdown.get(system).runAll(CoordinatedShutdown.clusterLeavingReason());
  }

  private static void terminate(ActorSystem<Void> system) {
    CompletableFuture<Done> done =
        CoordinatedShutdown.get(system)
            .runAll(CoordinatedShutdown.actorSystemTerminateReason())
            .toCompletableFuture();
    done.join();
  }

  @Override
  public VnsnapClient client() {
    return client;
  }

  @Override
  public int port() {
    return Cluster.get(system).selfMember().address().getPort().orElseThrow();
  }

  @Override
  public CompletionStage<String> whenEnded() {
    return ended;
  }

  @Override
  public void close() {
    terminate(system);
    ended.exceptionally(refused -> "refused").toCompletableFuture().join();
  }
}
