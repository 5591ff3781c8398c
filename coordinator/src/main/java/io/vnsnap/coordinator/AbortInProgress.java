package io.vnsnap.coordinator;

import akka.actor.typed.ActorRef;
import io.vnsnap.proto.SnapshotRequested;
import io.vnsnap.proto.VneReply;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;

/**
 * Hosts undo a snapshot that was given up.
 *
 * @param awaited hosts that have not confirmed
 * @param request the snapshot
 * @param reason why it was given up
 * @param refused who asked for it, and is told why there is none
 * @param cancellers who asked for it to be given up, and is told the status
 */
record AbortInProgress(
    SortedSet<String> awaited,
    SnapshotRequested request,
    String reason,
    List<ActorRef<VneReply>> refused,
    List<ActorRef<VneReply>> cancellers)
    implements Operation {

  AbortInProgress answered(String host) {
    return new AbortInProgress(
        Operation.without(awaited, host), request, reason, refused, cancellers);
  }

  AbortInProgress joinedBy(ActorRef<VneReply> canceller) {
    List<ActorRef<VneReply>> more = new ArrayList<>(cancellers);
    more.add(canceller);
    return new AbortInProgress(awaited, request, reason, refused, more);
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
