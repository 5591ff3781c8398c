package io.vnsnap.shell.node;

import akka.Done;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.Scheduler;
import akka.actor.typed.Terminated;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.AskPattern;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import com.google.protobuf.ByteString;
import io.vnsnap.proto.ConsoleAttach;
import io.vnsnap.proto.ConsoleDetach;
import io.vnsnap.proto.ConsoleInput;
import io.vnsnap.proto.ConsoleOutput;
import io.vnsnap.proto.ConsoleRequest;
import io.vnsnap.proto.wire.ToHost;
import io.vnsnap.shell.api.ConsoleListener;
import io.vnsnap.shell.api.ConsoleSession;
import io.vnsnap.shell.api.UnreachableException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** One attached console: passes what the host says to a listener, and what is typed to the host. */
final class ConsoleReader extends AbstractBehavior<ConsoleReader.Command> {

  /** Inputs that wait for the host to be found. */
  private static final int MAX_EARLY = 16;

  sealed interface Command {}

  record Attach(ActorRef<ToHost> host) implements Command {}

  record NotFound(String reason) implements Command {}

  record Type(ByteString data, ActorRef<Done> replyTo) implements Command {}

  record Close() implements Command {}

  private record Said(ConsoleOutput output) implements Command {}

  private final ConsoleRequest about;
  private final ConsoleListener listener;
  private final ActorRef<ConsoleOutput> output;
  private final Deque<Type> early = new ArrayDeque<>();
  private Optional<ActorRef<ToHost>> host = Optional.empty();

  static Behavior<Command> create(String vne, String vm, ConsoleListener listener) {
    return Behaviors.setup(context ->
        new ConsoleReader(
            context, ConsoleRequest.newBuilder().setVne(vne).setVm(vm).build(), listener));
  }

  private ConsoleReader(
      ActorContext<Command> context, ConsoleRequest about, ConsoleListener listener) {
    super(context);
    this.about = about;
    this.listener = listener;
    this.output = context.messageAdapter(ConsoleOutput.class, Said::new);
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Command.class, this::onCommand)
        .onSignal(Terminated.class, gone -> end("the host cannot be reached any more"))
        .build();
  }

  private Behavior<Command> onCommand(Command command) {
    return switch (command) {
      case Attach attach -> onAttach(attach.host());
      case NotFound missing -> end(missing.reason());
      case Type typed -> onType(typed);
      case Said said -> onSaid(said.output());
      case Close close -> {
        send(about.toBuilder().setDetach(ConsoleDetach.getDefaultInstance()));
        yield Behaviors.stopped();
      }
    };
  }

  private Behavior<Command> onAttach(ActorRef<ToHost> found) {
    host = Optional.of(found);
    getContext().watch(found);
    send(about.toBuilder().setAttach(ConsoleAttach.getDefaultInstance()));
    early.forEach(this::onType);
    early.clear();
    return this;
  }

  /** What is typed before the host is found waits for it; beyond the bound it is not answered. */
  private Behavior<Command> onType(Type typed) {
    if (host.isEmpty()) {
      if (early.size() < MAX_EARLY) {
        early.add(typed);
      }
      return this;
    }
    send(about.toBuilder().setInput(ConsoleInput.newBuilder().setData(typed.data())));
    typed.replyTo().tell(Done.getInstance());
    return this;
  }

  private Behavior<Command> onSaid(ConsoleOutput said) {
    if (!said.getData().isEmpty() || said.getSkippedBytes() > 0) {
      listener.output(said.getData(), said.getSkippedBytes());
    }
    return said.getClosedReason().isEmpty() ? this : end(said.getClosedReason());
  }

  private Behavior<Command> end(String reason) {
    listener.closed(reason);
    return Behaviors.stopped();
  }

  private void send(ConsoleRequest.Builder request) {
    host.ifPresent(known -> known.tell(new ToHost.Console(request.build(), output)));
  }

  /** The client's end. */
  record Session(ActorRef<Command> reader, Scheduler scheduler, Duration patience)
      implements ConsoleSession {

    @Override
    public CompletionStage<Void> input(ByteString data) {
      if (data.size() > MAX_INPUT_BYTES) {
        throw new IllegalArgumentException(
            "%d bytes at once; a console takes %d".formatted(data.size(), MAX_INPUT_BYTES));
      }
      return AskPattern.<Command, Done>ask(
              reader, replyTo -> new Type(data, replyTo), patience, scheduler)
          .<Void>thenApply(done -> null)
          .exceptionallyCompose(problem ->
              CompletableFuture.failedStage(
                  new UnreachableException("the console took no input: it is closed", problem)));
    }

    @Override
    public void close() {
      reader.tell(new Close());
    }
  }
}
