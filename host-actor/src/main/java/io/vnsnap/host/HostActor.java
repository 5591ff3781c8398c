package io.vnsnap.host;

import akka.Done;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import io.vnsnap.host.deployment.DeploymentActor;
import io.vnsnap.proto.ConsoleOutput;
import io.vnsnap.proto.HostDescription;
import io.vnsnap.proto.HostOrder;
import io.vnsnap.proto.HostReport;
import io.vnsnap.proto.Undeploy;
import io.vnsnap.proto.Undeployed;
import io.vnsnap.proto.wire.ToHost;
import io.vnsnap.vm.HypervisorDescription;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

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

  private record DeploymentEnded(Key key) implements ToHost.Private {}

  private record Described(HypervisorDescription hypervisor, ActorRef<HostDescription> replyTo)
      implements ToHost.Private {}

  private final HostContext host;
  private final Map<Key, ActorRef<DeploymentActor.Command>> deployments = new HashMap<>();
  private final Map<Key, Integer> memoryMib = new HashMap<>();
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
    return newReceiveBuilder().onMessage(ToHost.class, this::onMessage).build();
  }

  private Behavior<ToHost> onMessage(ToHost message) {
    switch (message) {
      case ToHost.Order order -> onOrder(order.order());
      case ToHost.Describe describe -> onDescribe(describe.replyTo());
      case ToHost.Console console -> onConsole(console);
      case Described described -> onDescribed(described);
      case DeploymentEnded ended -> {
        return onDeploymentEnded(ended.key());
      }
      case Shutdown shutdown -> {
        return onShutdown(shutdown);
      }
      case ToHost.Private other -> throw new IllegalArgumentException("not ours: " + other);
    }
    return this;
  }

  private Behavior<ToHost> onShutdown(Shutdown shutdown) {
    shuttingDown = Optional.of(shutdown.replyTo());
    deployments.forEach((key, deployment) ->
        deployment.tell(
            new DeploymentActor.Order(
                HostOrder.newBuilder()
                    .setVne(key.vne())
                    .setGeneration(key.generation())
                    .setUndeploy(Undeploy.getDefaultInstance())
                    .build())));
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
    ActorRef<DeploymentActor.Command> deployment = deployments.get(key);
    if (deployment == null && order.hasDeploy() && shuttingDown.isEmpty()) {
      deployment = deploy(key, order);
    }
    if (deployment != null) {
      deployment.tell(new DeploymentActor.Order(order));
    } else if (order.hasUndeploy()) {
      host.shared()
          .reports()
          .accept(about(key).setUndeployed(Undeployed.getDefaultInstance()).build());
    } else {
      getContext()
          .getLog()
          .info(
              "ignored an order for generation {} of VNE {}, which is not deployed here: {}",
              order.getGeneration(),
              order.getVne(),
              order.getKindCase());
    }
  }

  private ActorRef<DeploymentActor.Command> deploy(Key key, HostOrder order) {
    ActorRef<DeploymentActor.Command> deployment =
        getContext()
            .spawn(
                DeploymentActor.create(host, key.vne(), key.generation()),
                "deployment-" + key.vne() + "-" + key.generation());
    getContext().watchWith(deployment, new DeploymentEnded(key));
    deployments.put(key, deployment);
    memoryMib.put(
        key,
        order.getDeploy().getTopology().getVmsList().stream()
            .filter(vm -> host.name().equals(order.getDeploy().getPlacementMap().get(vm.getName())))
            .mapToInt(vm -> vm.getMemoryMib())
            .sum());
    return deployment;
  }

  private Behavior<ToHost> onDeploymentEnded(Key key) {
    deployments.remove(key);
    memoryMib.remove(key);
    return endWhenEmpty();
  }

  private void onDescribe(ActorRef<HostDescription> replyTo) {
    getContext()
        .pipeToSelf(
            host.vms().hypervisor().describe(),
            (description, failure) ->
                new Described(
                    description != null
                        ? description
                        : new HypervisorDescription("", "", Failures.reason(failure)),
                    replyTo));
  }

  private void onDescribed(Described described) {
    HypervisorDescription hypervisor = described.hypervisor();
    described
        .replyTo()
        .tell(
            HostDescription.newBuilder()
                .setHost(host.name())
                .setMemoryMib(host.memoryMib())
                .setMemoryUsedMib(memoryMib.values().stream().mapToInt(Integer::intValue).sum())
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

  private HostReport.Builder about(Key key) {
    return HostReport.newBuilder()
        .setVne(key.vne())
        .setGeneration(key.generation())
        .setHost(host.name());
  }
}
