package io.vnsnap.proto.wire;

import akka.actor.typed.ActorRef;
import io.vnsnap.proto.ConsoleOutput;
import io.vnsnap.proto.ConsoleRequest;
import io.vnsnap.proto.HostDescription;
import io.vnsnap.proto.HostOrder;

/** What a host takes. */
public sealed interface ToHost {

  /** A coordinator's order; answered by {@link ToVne.Report}. */
  record Order(HostOrder order) implements ToHost {}

  /** Asks what the host is and has. */
  record Describe(ActorRef<HostDescription> replyTo) implements ToHost {}

  /** Concerns the serial console of a VM here; the first one must be an attach. */
  record Console(ConsoleRequest request, ActorRef<ConsoleOutput> replyTo) implements ToHost {}

  /** What the host tells itself; never crosses a process boundary. */
  non-sealed interface Private extends ToHost {}
}
