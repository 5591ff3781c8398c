package io.vnsnap.host.console;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import com.google.protobuf.ByteString;
import io.vnsnap.proto.ConsoleOutput;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The serial console of one VM.
 *
 * <p>The guest's output is taken one piece at a time, the next one when this one has been handled:
 * a guest that floods its console has to wait, and fills nobody's mailbox.
 *
 * <p>Output is passed on every {@link #FLUSH_INTERVAL}, at most {@link #TAIL_BYTES} each time, so
 * that a guest that floods its console floods neither the cluster nor a slow reader: what was too
 * much is skipped, and the reader is told how much.
 */
public final class ConsoleActor extends AbstractBehavior<ConsoleActor.Command> {
  /**
   * What one who attaches is shown of the past, and what may wait between two flushes, in bytes.
   */
  static final int TAIL_BYTES = 64 * 1024;

  private static final Duration FLUSH_INTERVAL = Duration.ofMillis(20);

  /** What the console takes. */
  public sealed interface Command {}

  /** Sends the tail and then everything new until {@link Detach}, or until the reader stops. */
  public record Attach(ActorRef<ConsoleOutput> reader) implements Command {}

  /** Types something. */
  public record Input(ByteString data) implements Command {}

  /** Sends nothing more to this reader. */
  public record Detach(ActorRef<ConsoleOutput> reader) implements Command {}

  private record Received(ByteString data) implements Command {}

  private record Closed(String reason) implements Command {}

  private enum Flush implements Command {
    TICK
  }

  private final TimerScheduler<Command> timers;
  private final ConsoleTail past = new ConsoleTail(TAIL_BYTES);
  private final ConsoleTail pending = new ConsoleTail(TAIL_BYTES);
  private final Set<ActorRef<ConsoleOutput>> readers = new LinkedHashSet<>();
  private final ConsoleSocket socket;
  private String closedReason = "";

  /**
   * Connects to the console of a started VM.
   *
   * @param socket the hypervisor's listening socket
   * @param sockets how it is reached
   */
  public static Behavior<Command> create(Path socket, ConsoleSockets sockets) {
    return Behaviors.setup(context ->
        Behaviors.withTimers(timers -> new ConsoleActor(context, timers, socket, sockets)));
  }

  private ConsoleActor(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      Path path,
      ConsoleSockets sockets) {
    super(context);
    this.timers = timers;
    ActorRef<Command> self = context.getSelf();
    this.socket =
        ConsoleSocket.connect(
            path,
            sockets,
            data -> self.tell(new Received(data)),
            why -> self.tell(new Closed(why)));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Command.class, this::onCommand)
        .onSignal(PostStop.class, stop -> onStop())
        .build();
  }

  private Behavior<Command> onCommand(Command command) {
    switch (command) {
      case Attach attach -> onAttach(attach.reader());
      case Detach detach -> onDetach(detach.reader());
      case Input input -> socket.write(input.data());
      case Received received -> {
        onReceived(received.data());
        socket.readOn();
      }
      case Closed closed -> onClosed(closed.reason());
      case Flush tick -> flush();
    }
    return this;
  }

  private void onAttach(ActorRef<ConsoleOutput> reader) {
    flush();
    if (closedReason.isEmpty() && readers.add(reader)) {
      getContext().watchWith(reader, new Detach(reader));
    }
    reader.tell(
        ConsoleOutput.newBuilder()
            .setData(past.bytes())
            .setSkippedBytes(past.dropped())
            .setClosedReason(closedReason)
            .build());
  }

  private void onDetach(ActorRef<ConsoleOutput> reader) {
    if (readers.remove(reader)) {
      getContext().unwatch(reader);
    }
  }

  private void onReceived(ByteString data) {
    past.append(data);
    if (readers.isEmpty()) {
      return;
    }
    if (pending.isEmpty()) {
      timers.startSingleTimer(Flush.TICK, FLUSH_INTERVAL);
    }
    pending.append(data);
  }

  /** Readers are told once. */
  private void onClosed(String reason) {
    if (!closedReason.isEmpty()) {
      return;
    }
    flush();
    closedReason = reason;
    ConsoleOutput last = ConsoleOutput.newBuilder().setClosedReason(reason).build();
    readers.forEach(reader -> {
      getContext().unwatch(reader);
      reader.tell(last);
    });
    readers.clear();
  }

  private void flush() {
    if (pending.isEmpty()) {
      return;
    }
    ConsoleOutput output =
        ConsoleOutput.newBuilder()
            .setData(pending.bytes())
            .setSkippedBytes(pending.dropped())
            .build();
    readers.forEach(reader -> reader.tell(output));
    pending.clear();
  }

  private Behavior<Command> onStop() {
    onClosed("the VM has been stopped");
    socket.close();
    return this;
  }
}
