package io.vnsnap.proto.wire;

import akka.actor.typed.ActorRef;
import io.vnsnap.proto.HostReport;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;

/** What the coordinator of a VNE takes. */
public sealed interface ToVne {

  /** A client's request. */
  record Ask(VneRequest request, ActorRef<VneReply> replyTo) implements ToVne {}

  /**
   * A host's report; hosts send it to the VNE by name, so that it finds the coordinator wherever it
   * runs.
   */
  record Report(HostReport report) implements ToVne {}

  /** What the coordinator tells itself; never crosses a process boundary. */
  non-sealed interface Private extends ToVne {}
}
