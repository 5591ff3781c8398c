package io.vnsnap.host.deployment;

import akka.actor.typed.ActorRef;
import io.vnsnap.host.console.ConsoleActor;
import io.vnsnap.proto.ConsoleOutput;
import io.vnsnap.proto.ConsoleRequest;
import org.jspecify.annotations.Nullable;

/** The way to a VM's console, while there is one. Used by one actor. */
final class MemberConsole {
  private @Nullable ActorRef<ConsoleActor.Command> console;
  private String whyNot = "the VM is still being started";

  void opened(ActorRef<ConsoleActor.Command> actor) {
    console = actor;
  }

  void gone() {
    console = null;
    whyNot = "its console is broken";
  }

  /** Passes a request on; one that cannot be is answered. */
  void ask(ConsoleRequest request, ActorRef<ConsoleOutput> replyTo) {
    if (console == null) {
      replyTo.tell(ConsoleOutput.newBuilder().setClosedReason(whyNot).build());
      return;
    }
    console.tell(
        switch (request.getKindCase()) {
          case INPUT -> new ConsoleActor.Input(request.getInput().getData());
          case DETACH -> new ConsoleActor.Detach(replyTo);
          case ATTACH, KIND_NOT_SET -> new ConsoleActor.Attach(replyTo);
        });
  }
}
