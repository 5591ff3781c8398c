package io.vnsnap.coordinator;

import akka.actor.typed.ActorRef;
import io.vnsnap.proto.VneReply;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Hosts end what is left of a deployment.
 *
 * @param awaited hosts that have not confirmed
 * @param takers who asked for the VNE to be down, and is told its status
 * @param refused who asked for what failed, and is told why
 * @param failure what failed; empty if nothing did
 * @param next what is deployed afterwards
 */
record StopInProgress(
    SortedSet<String> awaited,
    List<ActorRef<VneReply>> takers,
    List<ActorRef<VneReply>> refused,
    String failure,
    Optional<Placing> next)
    implements Operation {

  static StopInProgress down(List<ActorRef<VneReply>> takers) {
    return new StopInProgress(new TreeSet<>(), takers, List.of(), "", Optional.empty());
  }

  static StopInProgress failed(List<ActorRef<VneReply>> clients, String failure) {
    return new StopInProgress(new TreeSet<>(), List.of(), clients, failure, Optional.empty());
  }

  static StopInProgress before(Placing next) {
    return new StopInProgress(new TreeSet<>(), List.of(), List.of(), "", Optional.of(next));
  }

  StopInProgress awaiting(SortedSet<String> hosts) {
    return new StopInProgress(hosts, takers, refused, failure, next);
  }

  StopInProgress answered(String host) {
    return awaiting(Operation.without(awaited, host));
  }

  StopInProgress joinedBy(ActorRef<VneReply> taker) {
    List<ActorRef<VneReply>> more = new ArrayList<>(takers);
    more.add(taker);
    return new StopInProgress(awaited, more, refused, failure, next);
  }

  @Override
  public String step() {
    return "stopping";
  }

  @Override
  public String busyWith() {
    return next.isPresent() ? "being restored (stopping what ran)" : "being taken down";
  }

  @Override
  public boolean repeats() {
    return true;
  }
}
