package io.vnsnap.coordinator;

import akka.actor.typed.ActorRef;
import io.vnsnap.coordinator.DeployInProgress.Stage;
import io.vnsnap.coordinator.HostDirectory.Described;
import io.vnsnap.coordinator.Operation.Placing;
import io.vnsnap.coordinator.Operation.Plan;
import io.vnsnap.proto.Deploy;
import io.vnsnap.proto.DeployAbandoned;
import io.vnsnap.proto.DeployFinished;
import io.vnsnap.proto.DeployOrdered;
import io.vnsnap.proto.Deployed;
import io.vnsnap.proto.Endpoint;
import io.vnsnap.proto.Go;
import io.vnsnap.proto.HostDescription;
import io.vnsnap.proto.HostOrder;
import io.vnsnap.proto.Restored;
import io.vnsnap.proto.VmLost;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VneEvent;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.WentRunning;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** Placing, loading and starting a VNE, from a boot or from a snapshot. */
final class DeploySteps {
  /** So that a host's own word on why it took too long comes first. */
  static final Duration SLACK = Duration.ofSeconds(2);

  /** How often hosts are asked when one is needed that does not answer. */
  static final int QUESTIONS = 3;

  private final Surroundings around;
  private final Reach reach;
  private final StatusView view;
  private final StopSteps stops;

  DeploySteps(Surroundings around, Reach reach, StatusView view, StopSteps stops) {
    this.around = around;
    this.reach = reach;
    this.view = view;
    this.stops = stops;
  }

  /** Begins to place what was asked for; the request is known to be sound. */
  Decision place(Plan plan, ActorRef<VneReply> client) {
    return askHosts(new Placing(plan, List.of(client), around.nowMs(), 1));
  }

  /** Begins to restore again, in full, what was lost while its memory was loaded lazily. */
  Decision restoreAgain(Deployment deployment) {
    return askHosts(new Placing(Requests.again(deployment), List.of(), around.nowMs(), 1));
  }

  private Decision askHosts(Placing placing) {
    return Decision.to(placing)
        .describeHosts()
        .within(around.settings().timeouts().describe().multipliedBy(2));
  }

  /** The hosts have said what they have. What still runs is ended first, if it can be replaced. */
  Decision onDescribed(Vne vne, Placing placing, Described hosts) {
    if (!hosts.duplicates().isEmpty()) {
      return refuse(
          placing,
          Replies.notPossible(
              "",
              "there are two hosts called "
                  + String.join("; ", hosts.duplicates())
                  + "; stop one and start it under another name"));
    }
    Optional<Deployment> old = vne.current();
    Placement.Answer answer =
        Placement.place(
            placing.plan().topology(),
            hosts.usable(),
            placing.plan().required(),
            placing.plan().wished(),
            old.map(this::memoryByHost).orElse(Map.of()));
    return switch (answer) {
      case Placement.NotPossible no when !hosts.silent().isEmpty() && placing.asked() < QUESTIONS ->
          askHosts(placing.askedAgain());
      case Placement.NotPossible no ->
          refuse(placing, Replies.notPossible(no.subject(), no.reason() + unusable(hosts)));
      case Placement.Placed placed when old.isPresent() ->
          stops.begin(
              old.get(), StopInProgress.before(placing), reach.of(old.get()), stops.downOrdered());
      case Placement.Placed placed -> order(vne, placing, placed.hosts(), hosts.usable());
    };
  }

  private static String unusable(Described hosts) {
    StringBuilder text = new StringBuilder();
    hosts
        .unusable()
        .forEach((host, why) -> text.append("; host ").append(host).append(": ").append(why));
    return text.toString();
  }

  private static Decision refuse(Placing placing, VneReply refusal) {
    return Decision.to(new Operation.Idle()).replyAll(placing.clients(), vne -> refusal);
  }

  private Map<String, Long> memoryByHost(Deployment deployment) {
    Map<String, Long> memory = new HashMap<>();
    for (VmSpec vm : deployment.topology().getVmsList()) {
      memory.merge(deployment.hostOf(vm.getName()), (long) vm.getMemoryMib(), Long::sum);
    }
    return memory;
  }

  private Decision order(
      Vne vne,
      Placing placing,
      SortedMap<String, String> hosts,
      SortedMap<String, HostDescription> described) {
    DeployOrdered.Builder ordered =
        DeployOrdered.newBuilder()
            .setTopology(placing.plan().topology())
            .putAllPlacement(hosts)
            .setGeneration(vne.history().lastGeneration() + 1)
            .setNetworkId(around.random().nextLong())
            .setSnapshotId(placing.plan().manifest().getSnapshotId())
            .setEpoch(Math.max(vne.history().epoch(), placing.plan().manifest().getEpoch()))
            .setLoading(placing.plan().loading());
    for (String host : hosts.values()) {
      HostDescription description = described.get(host);
      ordered.putTrunks(
          host, description == null ? Endpoint.getDefaultInstance() : description.getTrunk());
    }
    Deployment deployment = new Deployment(ordered.build(), List.of());
    return Decision.to(DeployInProgress.loading(deployment, placing))
        .persist(around.event().setDeployOrdered(deployment.order()).build())
        .orderAll(deployment.hosts(), deployOrder(deployment))
        .within(around.settings().timeouts().deploy().plus(SLACK));
  }

  private HostOrder deployOrder(Deployment deployment) {
    DeployOrdered ordered = deployment.order();
    return around
        .order(deployment)
        .setDeploy(
            Deploy.newBuilder()
                .setTopology(ordered.getTopology())
                .putAllPlacement(ordered.getPlacementMap())
                .putAllTrunks(ordered.getTrunksMap())
                .setNetworkId(ordered.getNetworkId())
                .setSnapshotId(ordered.getSnapshotId())
                .setLoading(ordered.getLoading())
                .setDeadlineMs(around.settings().timeouts().deploy().toMillis()))
        .build();
  }

  HostOrder goOrder(Deployment deployment) {
    return around.order(deployment).setGo(Go.getDefaultInstance()).build();
  }

  Decision onDeployed(
      Deployment deployment, DeployInProgress deploy, String host, Deployed report) {
    if (deploy.stage() != Stage.LOADING || !deploy.awaited().contains(host)) {
      return Decision.to(deploy);
    }
    DeployInProgress loaded = deploy.loaded(host, report);
    if (!loaded.awaited().isEmpty()) {
      return Decision.to(loaded);
    }
    return Decision.to(loaded.starting(deployment.hosts()))
        .persist(
            around
                .event()
                .setDeployFinished(DeployFinished.newBuilder().addAllVms(loaded.vms()))
                .build())
        .orderAll(deployment.hosts(), goOrder(deployment))
        .within(around.settings().timeouts().go());
  }

  Decision onRunning(DeployInProgress deploy, String host) {
    if (deploy.stage() != Stage.STARTING || !deploy.awaited().contains(host)) {
      return Decision.to(deploy);
    }
    return startedOrWaiting(deploy.answered(host));
  }

  /** Takes up a deployment whose Go may not have arrived everywhere. */
  Decision resumeGo(Deployment deployment) {
    return Decision.to(DeployInProgress.restarted(deployment, around.nowMs()))
        .orderAll(deployment.hosts(), goOrder(deployment))
        .within(around.settings().timeouts().go());
  }

  /** The host cannot do its share: before Go that undoes the deployment. */
  Decision onFailed(Deployment deployment, DeployInProgress deploy, String host, String reason) {
    if (deploy.stage() == Stage.LOADING) {
      return abandon(deployment, deploy, "host " + host + ": " + reason);
    }
    return startedOrWaiting(
        deploy.answered(host).withLost(deployment.vmsOn(host), "host " + host + ": " + reason));
  }

  /** A VM has ended: before Go that undoes the deployment, afterwards it degrades the VNE. */
  Decision onLost(Deployment deployment, DeployInProgress deploy, String vm, String reason) {
    return deploy.stage() == Stage.LOADING
        ? abandon(deployment, deploy, "VM " + vm + ": " + reason)
        : startedOrWaiting(deploy.withLost(List.of(vm), reason));
  }

  /** A client wants the VNE down before it is up. */
  Decision takenDown(Deployment deployment, DeployInProgress deploy, ActorRef<VneReply> taker) {
    String reason = "it was taken down by another request";
    return stops.begin(
        deployment,
        StopInProgress.failed(deploy.clients(), reason).joinedBy(taker),
        reach.of(deployment),
        abandoned(reason));
  }

  Decision onGone(Deployment deployment, DeployInProgress deploy, SortedSet<String> gone) {
    DeployInProgress rest = deploy;
    for (String host : gone) {
      String reason = "host " + host + " cannot be reached any more";
      if (deploy.stage() == Stage.LOADING) {
        return abandon(deployment, deploy, reason);
      }
      rest = rest.answered(host).withLost(deployment.vmsOn(host), reason);
    }
    return startedOrWaiting(rest);
  }

  Decision onDeadline(Deployment deployment, DeployInProgress deploy) {
    String silent = String.join(", ", deploy.awaited());
    if (deploy.stage() == Stage.LOADING) {
      return abandon(
          deployment,
          deploy,
          "host %s had not loaded its VMs after %d s"
              .formatted(silent, around.settings().timeouts().deploy().toSeconds()));
    }
    DeployInProgress rest = deploy;
    for (String host : deploy.awaited()) {
      String reason =
          "host %s had not let its VMs run after %d s"
              .formatted(host, around.settings().timeouts().go().toSeconds());
      rest = rest.answered(host).withLost(deployment.vmsOn(host), reason);
    }
    return startedOrWaiting(rest);
  }

  /**
   * Undoes a deployment before Go.
   *
   * @param hosts that must confirm that nothing is left
   */
  Decision abandon(
      Deployment deployment,
      List<ActorRef<VneReply>> clients,
      String reason,
      SortedSet<String> hosts) {
    return stops
        .begin(deployment, StopInProgress.failed(clients, reason), hosts, abandoned(reason))
        .note("deployment of VNE " + around.vne() + " given up: " + reason);
  }

  private Decision abandon(Deployment deployment, DeployInProgress deploy, String reason) {
    return abandon(deployment, deploy.clients(), reason, reach.of(deployment));
  }

  private VneEvent abandoned(String reason) {
    return around
        .event()
        .setDeployAbandoned(DeployAbandoned.newBuilder().setReason(reason))
        .build();
  }

  private Decision startedOrWaiting(DeployInProgress deploy) {
    if (!deploy.awaited().isEmpty()) {
      return Decision.to(deploy);
    }
    Operation.Idle idle = new Operation.Idle();
    Decision decision =
        Decision.to(idle)
            .persist(around.event().setWentRunning(WentRunning.getDefaultInstance()).build());
    if (deploy.lost().isEmpty()) {
      return decision.replyAll(deploy.clients(), vne -> started(vne, deploy));
    }
    Map<String, String> lost = new TreeMap<>(deploy.lost());
    lost.forEach((vm, reason) -> decision.persist(lost(vm, reason)));
    return decision.replyAll(
        deploy.clients(), vne -> Replies.failed(String.join("; ", new TreeSet<>(lost.values()))));
  }

  VneEvent lost(String vm, String reason) {
    return around.event().setVmLost(VmLost.newBuilder().setVm(vm).setReason(reason)).build();
  }

  private VneReply started(Vne vne, DeployInProgress deploy) {
    Operation.Idle idle = new Operation.Idle();
    return deploy.restore()
        ? VneReply.newBuilder()
            .setRestored(
                Restored.newBuilder()
                    .setStatus(view.status(vne, idle))
                    .setDurationMs(around.nowMs() - deploy.startedMs()))
            .build()
        : view.reply(vne, idle);
  }
}
