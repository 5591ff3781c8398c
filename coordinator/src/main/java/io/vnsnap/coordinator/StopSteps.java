package io.vnsnap.coordinator;

import akka.actor.typed.ActorRef;
import io.vnsnap.proto.DownOrdered;
import io.vnsnap.proto.HostOrder;
import io.vnsnap.proto.Undeploy;
import io.vnsnap.proto.VneEvent;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.WentDown;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;

/**
 * Ending a deployment: Undeploy to its hosts, again and again, until all that can be reached have
 * confirmed. A host out of reach, or silent for too long, does not block: it is told, again and
 * again, while it can be reached and has not confirmed, and its old frames carry a network id that
 * nobody listens to any more.
 */
final class StopSteps {
  private final Surroundings around;
  private final Reach reach;
  private final StatusView view;

  StopSteps(Surroundings around, Reach reach, StatusView view) {
    this.around = around;
    this.reach = reach;
    this.view = view;
  }

  /** A client's Down, when nothing is under way. */
  Decision down(Vne vne, ActorRef<VneReply> client) {
    return switch (vne) {
      case Vne.Running running ->
          begin(
              running.deployment(),
              StopInProgress.down(List.of(client)),
              reach.of(running.deployment()),
              downOrdered());
      case Vne.Down down ->
          Decision.to(new Operation.Idle())
              .replyAll(List.of(client), now -> view.reply(now, new Operation.Idle()));
      case Vne.Deploying deploying -> throw mustBeBusy(deploying);
      case Vne.Snapshotting snapshotting -> throw mustBeBusy(snapshotting);
      case Vne.Stopping stopping -> throw mustBeBusy(stopping);
    };
  }

  private static IllegalStateException mustBeBusy(Vne vne) {
    return new IllegalStateException("nothing under way in state " + vne);
  }

  VneEvent downOrdered() {
    return around.event().setDownOrdered(DownOrdered.getDefaultInstance()).build();
  }

  /**
   * Tells hosts to end a deployment.
   *
   * @param hosts that must confirm; the deployment's other hosts are told when they come back
   * @param first the event that makes the VNE's state one of stopping
   */
  Decision begin(
      Deployment deployment, StopInProgress stop, SortedSet<String> hosts, VneEvent first) {
    deployment.hosts().stream()
        .filter(host -> !hosts.contains(host))
        .forEach(host -> reach.owe(host, deployment.generation()));
    if (hosts.isEmpty()) {
      return finish(stop, List.of(first));
    }
    return Decision.to(stop.awaiting(hosts))
        .persist(first)
        .orderAll(hosts, order(deployment))
        .within(around.settings().timeouts().undeploy());
  }

  /** Takes up a stop that was interrupted by a restart: all hosts must confirm again. */
  Decision resume(Deployment deployment) {
    return Decision.to(StopInProgress.down(List.of()).awaiting(deployment.hosts()))
        .orderAll(deployment.hosts(), order(deployment))
        .within(around.settings().timeouts().undeploy());
  }

  HostOrder order(Deployment deployment) {
    return order(deployment.generation());
  }

  /** Tells hosts what they were not told, or did not confirm. */
  Decision orderWhatIsDue(SortedMap<String, Integer> due, Decision decision) {
    due.forEach((host, generation) -> decision.order(host, order(generation)));
    return decision;
  }

  private HostOrder order(int generation) {
    return around.order(generation).setUndeploy(Undeploy.getDefaultInstance()).build();
  }

  Decision onUndeployed(StopInProgress stop, String host) {
    StopInProgress rest = stop.answered(host);
    return rest.awaited().isEmpty() ? finish(rest, List.of()) : Decision.to(rest);
  }

  /** Hosts went out of reach: they are told when they come back. */
  Decision onGone(Deployment deployment, StopInProgress stop, SortedSet<String> gone) {
    StopInProgress rest = stop;
    for (String host : gone) {
      if (rest.awaited().contains(host)) {
        reach.owe(host, deployment.generation());
        rest = rest.answered(host);
      }
    }
    return rest.awaited().isEmpty() ? finish(rest, List.of()) : Decision.to(rest);
  }

  Decision onDeadline(Deployment deployment, StopInProgress stop) {
    stop.awaited().forEach(host -> reach.owe(host, deployment.generation()));
    String silent =
        "host %s has not confirmed within %d s that its VMs have ended; it is told until it has"
            .formatted(
                String.join(", ", stop.awaited()),
                around.settings().timeouts().undeploy().toSeconds());
    if (stop.takers().isEmpty()) {
      return finish(stop, List.of()).note(silent);
    }
    StopInProgress told =
        new StopInProgress(stop.awaited(), List.of(), stop.refused(), stop.failure(), stop.next());
    return finish(told, List.of())
        .replyAll(stop.takers(), vne -> Replies.failed(silent))
        .note(silent);
  }

  private Decision finish(StopInProgress stop, List<VneEvent> before) {
    VneEvent wentDown = around.event().setWentDown(WentDown.getDefaultInstance()).build();
    Operation next = stop.next().<Operation>map(placing -> placing).orElse(new Operation.Idle());
    Decision decision =
        Decision.to(next)
            .persistAll(before)
            .persist(wentDown)
            .replyAll(stop.takers(), vne -> view.reply(vne, next))
            .replyAll(stop.refused(), vne -> Replies.failed(stop.failure()));
    return stop.next().isPresent()
        ? decision.describeHosts().within(around.settings().timeouts().describe().multipliedBy(2))
        : decision;
  }
}
