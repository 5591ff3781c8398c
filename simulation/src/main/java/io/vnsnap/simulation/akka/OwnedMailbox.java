package io.vnsnap.simulation.akka;

import akka.actor.ActorRef;
import akka.actor.ActorSystem;
import akka.dispatch.MailboxType;
import akka.dispatch.MessageQueue;
import akka.dispatch.ProducesMessageQueue;
import akka.dispatch.UnboundedMailbox;
import com.typesafe.config.Config;
import io.vnsnap.simulation.kernel.Kernel;
import io.vnsnap.simulation.kernel.SimulatedProcess;
import scala.Option;

/**
 * Mailboxes that know the process of their actor: the one that spawned it. Actors of the system
 * itself, such as the journal's, belong to none: they are the world around.
 */
public final class OwnedMailbox implements MailboxType, ProducesMessageQueue<OwnedMailbox.Queue> {
  private final Kernel kernel = Kernel.ofThread();

  /** A mailbox's messages, and whose they are. */
  static final class Queue extends UnboundedMailbox.MessageQueue {
    private static final long serialVersionUID = 1;

    final transient SimulatedProcess owner;

    Queue(SimulatedProcess owner) {
      this.owner = owner;
    }
  }

  /** Made by the actor system. */
  public OwnedMailbox(ActorSystem.Settings settings, Config config) {}

  @Override
  public MessageQueue create(Option<ActorRef> owner, Option<ActorSystem> system) {
    boolean ofSystem =
        owner.isEmpty()
            || owner.get().path().elements().size() < 2
            || owner.get().path().elements().head().equals("system");
    return new Queue(ofSystem ? kernel.system() : kernel.current());
  }
}
