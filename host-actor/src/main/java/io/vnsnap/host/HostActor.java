package io.vnsnap.host;

import akka.Done;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.ChildFailed;
import akka.actor.typed.Terminated;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import io.vnsnap.host.deployment.DeploymentActor;
import io.vnsnap.host.deployment.Reports;
import io.vnsnap.proto.ConsoleOutput;
import io.vnsnap.proto.Deploy;
import io.vnsnap.proto.Endpoint;
import io.vnsnap.proto.HostDescription;
import io.vnsnap.proto.HostOrder;
import io.vnsnap.proto.Undeploy;
import io.vnsnap.proto.VmExited;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.topology.TopologyRules;
import io.vnsnap.proto.wire.ToHost;
import io.vnsnap.vm.HypervisorDescription;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;

/**
 * A host: keeps one {@link DeploymentActor} for each VNE and generation deployed here and passes it
 * its orders. It decides nothing about a VNE itself.
 */
public final class HostActor extends AbstractBehavior<ToHost> {

  private record Key(String vne, int generation) {}

  /**
   * Ends all VMs, then the host; answered when nothing of it is left. Orders that come later are
   * ignored.
   */
  public record Shutdown(ActorRef<Done> replyTo) implements ToHost.Private {}

  /**
   * What is deployed here.
   *
   * @param vms those placed on this host
   */
  private record Deployed(ActorRef<DeploymentActor.Command> actor, List<VmSpec> vms) {
    int memoryMib() {
      return vms.stream().mapToInt(VmSpec::getMemoryMib).sum();
    }
  }

  private record AbandonedRemoved(Key key, String snapshotId, Optional<Throwable> failure)
      implements ToHost.Private {}

  private record Described(HypervisorDescription hypervisor, ActorRef<HostDescription> replyTo)
      implements ToHost.Private {}

  private final HostContext host;
  private final Map<Key, Deployed> deployments = new LinkedHashMap<>();
  private Optional<ActorRef<Done>> shuttingDown = Optional.empty();

  /** A host with nothing deployed on it. */
  public static Behavior<ToHost> create(HostContext host) {
    return Behaviors.setup(context -> new HostActor(context, host));
  }

  private HostActor(ActorContext<ToHost> context, HostContext host) {
    super(context);
    this.host = host;
  }

  @Override
  public Receive<ToHost> createReceive() {
    return newReceiveBuilder()
        .onMessage(ToHost.class, this::onMessage)
        .onSignal(Terminated.class, this::onDeploymentEnded)
        .build();
  }

  private Behavior<ToHost> onMessage(ToHost message) {
    switch (message) {
      case ToHost.Order order -> onOrder(order.order());
      case ToHost.Describe describe -> onDescribe(describe.replyTo());
      case ToHost.Console console -> onConsole(console);
      case Described described -> onDescribed(described);
      case AbandonedRemoved removed -> onAbandonedRemoved(removed);
      case Shutdown shutdown -> {
        return onShutdown(shutdown);
      }
      case ToHost.Private other -> throw new IllegalArgumentException("not ours: " + other);
    }
    return this;
  }

  private Behavior<ToHost> onShutdown(Shutdown shutdown) {
    shuttingDown = Optional.of(shutdown.replyTo());
    deployments.forEach(
        (key, deployed) -> deployed.actor().tell(new DeploymentActor.Order(undeploy(key))));
    return endWhenEmpty();
  }

  private Behavior<ToHost> endWhenEmpty() {
    if (shuttingDown.isEmpty() || !deployments.isEmpty()) {
      return this;
    }
    shuttingDown.get().tell(Done.getInstance());
    return Behaviors.stopped();
  }

  private void onOrder(HostOrder order) {
    Key key = new Key(order.getVne(), order.getGeneration());
    endOlder(key);
    Deployed deployed = deployments.get(key);
    if (deployed != null) {
      deployed.actor().tell(new DeploymentActor.Order(order));
    } else {
      onOrderToNobody(key, order);
    }
  }

  /**
   * A VNE has one deployment at a time: an order about a newer one says that older ones are over,
   * to a host that was out of reach when they were ended.
   */
  private void endOlder(Key newer) {
    deployments.forEach((key, deployed) -> {
      if (key.vne().equals(newer.vne()) && key.generation() < newer.generation()) {
        deployed.actor().tell(new DeploymentActor.Order(undeploy(key)));
      }
    });
  }

  private static HostOrder undeploy(Key key) {
    return HostOrder.newBuilder()
        .setVne(key.vne())
        .setGeneration(key.generation())
        .setUndeploy(Undeploy.getDefaultInstance())
        .build();
  }

  /** Nothing is deployed, perhaps not any more: this process may have been started anew. */
  private void onOrderToNobody(Key key, HostOrder order) {
    Reports reports = reports(key);
    String reason =
        "generation %d of %s is not deployed on host %s"
            .formatted(key.generation(), key.vne(), host.name());
    switch (order.getKindCase()) {
      case DEPLOY -> onFirstDeploy(key, order, reports);
      case GO -> reports.deployFailed(reason);
      case UNDEPLOY -> reports.undeployed();
      case PREPARE -> reports.snapshotFailed(order.getPrepare().getSnapshotId(), "", reason);
      case CUT -> reports.snapshotFailed(order.getCut().getSnapshotId(), "", reason);
      case SEAL ->
          reports.snapshotFailed(order.getSeal().getManifest().getSnapshotId(), "", reason);
      case ABORT -> removeAbandoned(key, order.getAbort().getSnapshotId());
      case KIND_NOT_SET -> getContext().getLog().warn("ignored an empty order for {}", key.vne());
    }
  }

  private void onFirstDeploy(Key key, HostOrder order, Reports reports) {
    if (shuttingDown.isPresent()) {
      reports.deployFailed("host " + host.name() + " is being ended");
    } else if (!TopologyRules.isName(key.vne()) || key.generation() < 0) {
      reports.deployFailed("not the name of a VNE: " + key.vne());
    } else if (isForAnEarlierLife(order.getDeploy())) {
      reports.deployFailed("host " + host.name() + " was started anew meanwhile");
    } else {
      deploy(key, order);
    }
  }

  /** The other hosts would look for its trunk where nobody listens any more. */
  private boolean isForAnEarlierLife(Deploy order) {
    Endpoint endpoint = host.dataPlane().endpoint();
    return !order.getTrunksOrDefault(host.name(), endpoint).equals(endpoint);
  }

  private void deploy(Key key, HostOrder order) {
    ActorRef<DeploymentActor.Command> actor =
        getContext()
            .spawn(
                DeploymentActor.create(host, key.vne(), key.generation()),
                "deployment-" + key.vne() + "-" + key.generation());
    getContext().watch(actor);
    Map<String, String> placement = order.getDeploy().getPlacementMap();
    List<VmSpec> vms =
        order.getDeploy().getTopology().getVmsList().stream()
            .filter(vm -> host.name().equals(placement.get(vm.getName())))
            .toList();
    deployments.put(key, new Deployed(actor, vms));
    actor.tell(new DeploymentActor.Order(order));
  }

  /** A deployment that ends otherwise than by order takes its VMs with it. */
  private Behavior<ToHost> onDeploymentEnded(Terminated ended) {
    for (Map.Entry<Key, Deployed> entry : List.copyOf(deployments.entrySet())) {
      if (entry.getValue().actor().path().equals(ended.getRef().path())) {
        deployments.remove(entry.getKey());
        if (ended instanceof ChildFailed failed) {
          onDeploymentFailed(entry.getKey(), entry.getValue(), Failures.reason(failed.cause()));
        } else {
          // Not before: what the host describes next must not count it any more.
          reports(entry.getKey()).undeployed();
        }
      }
    }
    return endWhenEmpty();
  }

  private void onDeploymentFailed(Key key, Deployed deployed, String reason) {
    Reports reports = reports(key);
    for (VmSpec vm : deployed.vms()) {
      reports.vmExited(
          VmExited.newBuilder()
              .setVm(vm.getName())
              .setReason("its deployment failed and was ended: " + reason)
              .build());
    }
  }

  private Reports reports(Key key) {
    return new Reports(host, key.vne(), key.generation());
  }

  private void removeAbandoned(Key key, String snapshotId) {
    getContext()
        .pipeToSelf(
            host.shared()
                .blocking(() -> {
                  AbandonedSnapshot.remove(host.shared().store(), snapshotId);
                  return snapshotId;
                }),
            (done, failure) -> new AbandonedRemoved(key, snapshotId, Optional.ofNullable(failure)));
  }

  private void onAbandonedRemoved(AbandonedRemoved removed) {
    if (removed.failure().isEmpty()) {
      reports(removed.key()).aborted(removed.snapshotId());
    } else {
      getContext()
          .getLog()
          .warn(
              "snapshot {} cannot be taken out of the store yet",
              removed.snapshotId(),
              removed.failure().get());
    }
  }

  private void onDescribe(ActorRef<HostDescription> replyTo) {
    getContext()
        .pipeToSelf(
            description(),
            (description, failure) ->
                new Described(
                    description != null
                        ? description
                        : new HypervisorDescription("", "", Failures.reason(failure)),
                    replyTo));
  }

  private CompletionStage<HypervisorDescription> description() {
    try {
      return host.vms().hypervisor().describe();
    } catch (RejectedExecutionException e) {
      return CompletableFuture.failedStage(e);
    }
  }

  private void onDescribed(Described described) {
    HypervisorDescription hypervisor = described.hypervisor();
    described
        .replyTo()
        .tell(
            HostDescription.newBuilder()
                .setHost(host.name())
                .setMemoryMib(host.memoryMib())
                .setMemoryUsedMib(deployments.values().stream().mapToInt(Deployed::memoryMib).sum())
                .setCpus(Runtime.getRuntime().availableProcessors())
                .setTrunk(host.dataPlane().endpoint())
                .setHypervisor(hypervisor.name())
                .setHypervisorVersion(hypervisor.version())
                .setUnusableReason(hypervisor.unusableReason())
                .build());
  }

  private void onConsole(ToHost.Console console) {
    deployments.entrySet().stream()
        .filter(entry -> entry.getKey().vne().equals(console.request().getVne()))
        .max(Map.Entry.comparingByKey((a, b) -> Integer.compare(a.generation(), b.generation())))
        .ifPresentOrElse(
            newest ->
                newest
                    .getValue()
                    .actor()
                    .tell(new DeploymentActor.Console(console.request(), console.replyTo())),
            () ->
                console
                    .replyTo()
                    .tell(
                        ConsoleOutput.newBuilder()
                            .setClosedReason(
                                "no VM of "
                                    + console.request().getVne()
                                    + " on host "
                                    + host.name())
                            .build()));
  }
}
