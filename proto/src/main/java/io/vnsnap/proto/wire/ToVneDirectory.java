package io.vnsnap.proto.wire;

import akka.actor.typed.ActorRef;
import io.vnsnap.proto.VneList;

/** What the directory of VNEs takes; there is one on each coordinator node. */
public sealed interface ToVneDirectory {

  /**
   * Asks for the names of all VNEs that the journal knows; each comes as a status with nothing but
   * the name.
   */
  record ListNames(ActorRef<VneList> replyTo) implements ToVneDirectory {}

  /** What the directory tells itself; never crosses a process boundary. */
  non-sealed interface Private extends ToVneDirectory {}
}
