package io.vnsnap.coordinator;

import akka.actor.typed.ActorRef;
import io.vnsnap.coordinator.HostDirectory.Described;
import io.vnsnap.coordinator.Operation.Idle;
import io.vnsnap.coordinator.Operation.Placing;
import io.vnsnap.coordinator.Operation.Recovering;
import io.vnsnap.proto.HostOrder;
import io.vnsnap.proto.HostReport;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * Decides what the coordinator of one VNE does about each message: every request is answered or
 * taken up, every report that belongs to the step under way moves it on, and all others are stale
 * and ignored. Without actors, threads or clock of its own; used by one thread.
 */
final class VneProtocol {
  private final Surroundings around;
  private final Reach reach = new Reach();
  private final StatusView view;
  private final StopSteps stops;
  private final DeploySteps deploys;
  private final SnapshotSteps snapshots;
  private final ReportSteps reports;
  private Operation operation = new Recovering();

  VneProtocol(Surroundings around) {
    this.around = around;
    this.view = new StatusView(around.vne(), reach);
    this.stops = new StopSteps(around, reach, view);
    this.deploys = new DeploySteps(around, reach, view, stops);
    this.snapshots = new SnapshotSteps(around, reach, view);
    this.reports =
        new ReportSteps(
            around.vne(), reach, stops, deploys, snapshots, around.settings().onLazyFailure());
  }

  /** What is under way. */
  Operation operation() {
    return operation;
  }

  /** A decision was carried out: its operation is under way now. */
  void entered(Operation next) {
    if (!next.step().equals(operation.step())) {
      reach.forgetProgress();
    }
    operation = next;
  }

  /** Whether the coordinator may leave memory without anything being forgotten. */
  boolean dispensable(Vne vne) {
    return vne instanceof Vne.Down && operation instanceof Idle && reach.owesNothing();
  }

  /** Whether orders go out again, when {@link Operation} is under way, until they are answered. */
  boolean repeats(Operation operation) {
    return operation.repeats() || !reach.due().isEmpty() || !reach.silent().isEmpty();
  }

  /** Hosts of what runs that cannot be reached, and whose VMs do not count as lost yet. */
  SortedSet<String> missing(Vne vne) {
    if (!(vne instanceof Vne.Running running)) {
      return new TreeSet<>();
    }
    SortedSet<String> missing = reach.missing(running.deployment());
    missing.removeIf(host -> running.lost().keySet().containsAll(running.deployment().vmsOn(host)));
    return missing;
  }

  /** A client asks. */
  Decision onAsk(Vne vne, VneRequest request, ActorRef<VneReply> client) {
    if (!request.getVne().equals(around.vne())) {
      return answer(
          client,
          Replies.notPossible(
              request.getVne(),
              "the request for VNE \"%s\" came to \"%s\""
                  .formatted(request.getVne(), around.vne())));
    }
    return switch (request.getKindCase()) {
      case GET_STATUS -> answer(client, view.reply(vne, operation));
      case UP ->
          guarded(
              client,
              Requests.flaw(around.vne(), request.getUp().getTopology())
                  .or(() -> notDown(vne))
                  .or(this::busy),
              () -> deploys.place(Requests.plan(request.getUp()), client));
      case RESTORE ->
          guarded(
              client,
              Requests.flaw(around.vne(), request.getRestore()).or(this::busy),
              () -> deploys.place(Requests.plan(request.getRestore()), client));
      case TAKE_SNAPSHOT -> onTakeSnapshot(vne, request, client);
      case CANCEL_SNAPSHOT -> onCancel(client);
      case DOWN -> onDown(vne, client);
      case KIND_NOT_SET ->
          answer(client, Replies.notPossible("", "unknown request: is the client newer?"));
    };
  }

  private Decision guarded(
      ActorRef<VneReply> client, Optional<VneReply> refusal, Supplier<Decision> decide) {
    return refusal.map(reply -> answer(client, reply)).orElseGet(decide);
  }

  private Decision onTakeSnapshot(Vne vne, VneRequest request, ActorRef<VneReply> client) {
    Optional<VneReply> refusal =
        Requests.flaw(request.getTakeSnapshot()).or(this::busy).or(() -> notWhole(vne));
    if (refusal.isPresent() || !(vne instanceof Vne.Running running)) {
      return answer(client, refusal.orElseGet(() -> Replies.notNow("nothing runs")));
    }
    return snapshots.take(running, request.getTakeSnapshot(), client);
  }

  private Decision onCancel(ActorRef<VneReply> client) {
    return switch (operation) {
      case SnapshotInProgress snapshot -> snapshots.cancel(snapshot, client);
      case AbortInProgress abort -> Decision.to(abort.joinedBy(client));
      case Idle idle -> answer(client, noSnapshot());
      case Recovering recovering -> answer(client, noSnapshot());
      case Placing placing -> answer(client, noSnapshot());
      case DeployInProgress deploy -> answer(client, noSnapshot());
      case StopInProgress stop -> answer(client, noSnapshot());
    };
  }

  private VneReply noSnapshot() {
    return Replies.notNow(
        "no snapshot is in progress; VNE %s is %s".formatted(around.vne(), operation.busyWith()));
  }

  private Decision onDown(Vne vne, ActorRef<VneReply> client) {
    return switch (operation) {
      case Idle idle -> stops.down(vne, client);
      case StopInProgress stop when stop.next().isEmpty() -> Decision.to(stop.joinedBy(client));
      case DeployInProgress deploy when deploy.stage() == DeployInProgress.Stage.LOADING ->
          deploys.takenDown(deployment(vne), deploy, client);
      case StopInProgress stop -> answer(client, busyReply());
      case DeployInProgress deploy -> answer(client, busyReply());
      case SnapshotInProgress snapshot -> answer(client, busyReply());
      case AbortInProgress abort -> answer(client, busyReply());
      case Placing placing -> answer(client, busyReply());
      case Recovering recovering -> answer(client, busyReply());
    };
  }

  private Optional<VneReply> busy() {
    return operation instanceof Idle ? Optional.empty() : Optional.of(busyReply());
  }

  private VneReply busyReply() {
    return Replies.notNow(
        "VNE %s is %s; wait, or cancel that first".formatted(around.vne(), operation.busyWith()));
  }

  private Optional<VneReply> notDown(Vne vne) {
    return vne instanceof Vne.Running && operation instanceof Idle
        ? Optional.of(
            Replies.notNow(
                "VNE %s is up already; take it down first, or restore a snapshot"
                    .formatted(around.vne())))
        : Optional.empty();
  }

  private Optional<VneReply> notWhole(Vne vne) {
    if (!(vne instanceof Vne.Running running)) {
      return Optional.of(
          Replies.notNow(
              "VNE %s is down; bring it up before taking a snapshot".formatted(around.vne())));
    }
    String degradation = view.degradation(running);
    return degradation.isEmpty()
        ? Optional.empty()
        : Optional.of(
            Replies.notNow(
                "VNE %s is degraded (%s); restore a snapshot or take it down"
                    .formatted(around.vne(), degradation)));
  }

  private Decision answer(ActorRef<VneReply> client, VneReply reply) {
    return Decision.to(operation).reply(client, reply);
  }

  /** A host reports. */
  Decision onReport(Vne vne, HostReport report) {
    return reports.onReport(vne, operation, report);
  }

  /** The hosts that can be reached are others now. */
  Decision onHosts(Vne vne, SortedSet<String> reachable) {
    SortedSet<String> back = new TreeSet<>(reachable);
    back.removeIf(reach::has);
    SortedSet<String> gone = reach.update(reachable);
    if (operation instanceof Recovering) {
      return Decision.to(operation); // what hosts are told is decided when all is recovered
    }
    Decision decision = onGone(vne, gone);
    oweWhatIsForgotten(vne, back);
    stops.orderWhatIsDue(reach.due(back), decision);
    if (vne instanceof Vne.Running running) {
      back.retainAll(running.deployment().hosts());
      askWhatRuns(running.deployment(), back, decision);
      if (running.aborted().getEpoch() != 0) {
        if (operation instanceof AbortInProgress abort) {
          back.removeAll(abort.afterwards());
        }
        decision.orderAll(back, snapshots.abortOrder(running.deployment(), running.aborted()));
      }
    }
    return decision;
  }

  /**
   * A host may still run an old deployment that it was owed the end of by a coordinator that has
   * crashed since. An order about the newest generation ends older ones too; hosts of what runs now
   * get such orders anyway.
   */
  private void oweWhatIsForgotten(Vne vne, SortedSet<String> hosts) {
    int newest = vne.history().lastGeneration();
    if (newest == 0) {
      return;
    }
    SortedSet<String> idle = new TreeSet<>(hosts);
    vne.current().ifPresent(deployment -> idle.removeAll(deployment.hosts()));
    idle.forEach(host -> reach.oweIfNothing(host, newest));
  }

  /**
   * A host that is seen anew may have been started anew, or a VM of it has ended meanwhile. It
   * answers a Go that comes again with what has become of its VMs; it is asked until it does.
   */
  private Decision askWhatRuns(Deployment deployment, SortedSet<String> hosts, Decision decision) {
    reach.ask(hosts, deployment.generation());
    return decision.orderAllFirst(hosts, deploys.goOrder(deployment));
  }

  private Decision onGone(Vne vne, SortedSet<String> gone) {
    Optional<Deployment> current = vne.current();
    if (current.isEmpty()) {
      return Decision.to(operation);
    }
    gone.retainAll(current.get().hosts());
    if (gone.isEmpty()) {
      return Decision.to(operation);
    }
    return switch (operation) {
      case DeployInProgress deploy -> deploys.onGone(current.get(), deploy, gone);
      case StopInProgress stop -> stops.onGone(current.get(), stop, gone);
      case AbortInProgress abort -> snapshots.onGone(current.get(), abort, gone);
      case SnapshotInProgress snapshot ->
          snapshots.abort(
              snapshot, "host " + String.join(", ", gone) + " cannot be reached any more");
      case Idle idle -> Decision.to(idle);
      case Recovering recovering -> Decision.to(recovering);
      case Placing placing -> Decision.to(placing);
    };
  }

  /** The hosts have said what they have, as far as they did in time. */
  Decision onDescribed(Vne vne, Described described) {
    return operation instanceof Placing placing
        ? deploys.onDescribed(vne, placing, described)
        : Decision.to(operation);
  }

  /** The step under way has taken too long. */
  Decision onDeadline(Vne vne) {
    return switch (operation) {
      case DeployInProgress deploy -> deploys.onDeadline(deployment(vne), deploy);
      case StopInProgress stop -> stops.onDeadline(deployment(vne), stop);
      case SnapshotInProgress snapshot -> snapshots.onDeadline(snapshot);
      case AbortInProgress abort -> snapshots.onAbortDeadline(deployment(vne), abort);
      case Placing placing ->
          Decision.to(new Idle())
              .replyAll(
                  placing.clients(),
                  now -> Replies.failed("the directory of hosts did not answer; try again"));
      case Idle idle -> Decision.to(idle);
      case Recovering recovering -> Decision.to(recovering);
    };
  }

  /** Hosts have not answered for a while: they get the same order again. */
  Decision onRetry(Vne vne) {
    Decision decision = Decision.to(operation);
    if (operation.repeats()) {
      decision.orderAll(operation.awaited(), repeated(deployment(vne)));
    }
    reach.askOnlyOf(running(vne).map(Deployment::generation).orElse(0));
    running(vne)
        .ifPresent(deployment -> decision.orderAll(reach.silent(), deploys.goOrder(deployment)));
    return stops.orderWhatIsDue(reach.due(), decision);
  }

  private HostOrder repeated(Deployment deployment) {
    return switch (operation) {
      case DeployInProgress deploy -> deploys.goOrder(deployment);
      case StopInProgress stop -> stops.order(deployment);
      case AbortInProgress abort -> snapshots.abortOrder(deployment, abort.request());
      case SnapshotInProgress snapshot -> snapshots.sealOrder(snapshot);
      case Idle idle -> throw new IllegalStateException("idle");
      case Recovering recovering -> throw new IllegalStateException("recovering");
      case Placing placing -> throw new IllegalStateException("placing");
    };
  }

  /** What runs, and is not being ended. */
  private static Optional<Deployment> running(Vne vne) {
    return switch (vne) {
      case Vne.Running running -> Optional.of(running.deployment());
      case Vne.Snapshotting snapshotting -> Optional.of(snapshotting.running().deployment());
      case Vne.Deploying deploying -> Optional.empty();
      case Vne.Stopping stopping -> Optional.empty();
      case Vne.Down down -> Optional.empty();
    };
  }

  private static Deployment deployment(Vne vne) {
    return vne.current().orElseThrow(() -> new IllegalStateException("no deployment in " + vne));
  }

  /** The coordinator has come back: what was interrupted is undone or repeated. */
  Decision onRecovered(Vne vne) {
    oweWhatIsForgotten(vne, reach.all());
    return stops.orderWhatIsDue(reach.due(), takenUp(vne));
  }

  private Decision takenUp(Vne vne) {
    return switch (vne) {
      case Vne.Down down -> Decision.to(new Idle());
      case Vne.Deploying deploying ->
          deploying.goOrdered()
              ? deploys.resumeGo(deploying.deployment())
              : deploys.abandon(
                  deploying.deployment(),
                  List.of(),
                  "its coordinator was restarted before all VMs were loaded",
                  deploying.deployment().hosts());
      case Vne.Running running ->
          askWhatRuns(
              running.deployment(),
              running.deployment().hosts(),
              running.aborted().getEpoch() == 0
                  ? Decision.to(new Idle())
                  : snapshots.resumeAbort(running));
      case Vne.Snapshotting snapshotting ->
          askWhatRuns(
              snapshotting.running().deployment(),
              snapshotting.running().deployment().hosts(),
              snapshots.abortInterrupted(snapshotting));
      case Vne.Stopping stopping -> stops.resume(stopping.deployment());
    };
  }

  /** A host has been out of reach for longer than is forgiven. */
  Decision onGraceOver(Vne vne, String host) {
    Decision decision = Decision.to(operation);
    if (vne instanceof Vne.Running running && missing(vne).contains(host)) {
      String reason =
          "host %s has been out of reach for %d s"
              .formatted(host, around.settings().hostGrace().toSeconds());
      running.deployment().vmsOn(host).stream()
          .filter(vm -> !running.lost().containsKey(vm))
          .forEach(vm -> decision.persist(deploys.lost(vm, reason)));
      decision.note("VNE " + around.vne() + " is degraded: " + reason);
    }
    return decision;
  }
}
