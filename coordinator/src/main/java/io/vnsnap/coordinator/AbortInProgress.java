package io.vnsnap.coordinator;

import akka.actor.typed.ActorRef;
import io.vnsnap.proto.SnapshotRequested;
import io.vnsnap.proto.VneReply;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Hosts undo a snapshot that was given up.
 *
 * <p>Design note. Where the order to seal may have been given, the host that got it is told first
 * and alone: when it confirms, there is no manifest and there will be none. Only then the others
 * undo what the manifest would have named.
 *
 * @param awaited hosts that have not confirmed
 * @param afterwards hosts that are told when none is awaited any more
 * @param request the snapshot
 * @param reason why it was given up
 * @param refused who asked for it, and is told why there is none
 * @param cancellers who asked for it to be given up, and is told the status
 */
record AbortInProgress(
    SortedSet<String> awaited,
    SortedSet<String> afterwards,
    SnapshotRequested request,
    String reason,
    List<ActorRef<VneReply>> refused,
    List<ActorRef<VneReply>> cancellers)
    implements Operation {

  /** All these hosts at once. */
  static AbortInProgress on(
      SortedSet<String> hosts,
      SnapshotRequested request,
      String reason,
      List<ActorRef<VneReply>> refused,
      List<ActorRef<VneReply>> cancellers) {
    return new AbortInProgress(hosts, new TreeSet<>(), request, reason, refused, cancellers);
  }

  /** The same, with this host before the others if it is one of them. */
  AbortInProgress first(String host) {
    return awaited.contains(host)
        ? new AbortInProgress(
            new TreeSet<>(List.of(host)),
            Operation.without(awaited, host),
            request,
            reason,
            refused,
            cancellers)
        : this;
  }

  AbortInProgress answered(String host) {
    return new AbortInProgress(
        Operation.without(awaited, host), afterwards, request, reason, refused, cancellers);
  }

  AbortInProgress gone(String host) {
    return new AbortInProgress(
        Operation.without(awaited, host),
        Operation.without(afterwards, host),
        request,
        reason,
        refused,
        cancellers);
  }

  /** The hosts that came afterwards are awaited now, and no others. */
  AbortInProgress next() {
    return on(afterwards, request, reason, refused, cancellers);
  }

  AbortInProgress joinedBy(ActorRef<VneReply> canceller) {
    List<ActorRef<VneReply>> more = new ArrayList<>(cancellers);
    more.add(canceller);
    return new AbortInProgress(awaited, afterwards, request, reason, refused, more);
  }

  @Override
  public String step() {
    return "aborting";
  }

  @Override
  public String busyWith() {
    return "undoing snapshot %s on %s"
        .formatted(request.getSnapshotId(), String.join(", ", awaited));
  }

  @Override
  public boolean repeats() {
    return true;
  }
}
