package io.vnsnap.net;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import io.vnsnap.net.frame.BadInput;
import io.vnsnap.net.gate.GateCounters;
import io.vnsnap.net.gate.GateEvents;
import io.vnsnap.net.gate.Refusal;
import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.DropCause;
import io.vnsnap.proto.RecordedFrame;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owns the gate of one local VNIC and commands it. The gate lives on the event loop and keeps the
 * state; this actor turns messages into orders and results into replies, so that its owner deals
 * with messages only.
 *
 * <p>Order of a deployment: {@link Connect}, for a restore {@link Preload}, {@link Open}. Of a cut:
 * {@link Hold}, the VM is paused, {@link TurnRed}, the VM goes on, {@link Release}; later the owner
 * hears {@link VnicEvent.LogClosed}. {@link Abort} ends a cut at any point. Every command is
 * answered by the reply it names or by {@link Refused}; commands for a cut may be sent twice.
 */
public final class VnicActor extends AbstractBehavior<VnicActor.Command> {
  private static final Logger LOG = LoggerFactory.getLogger(VnicActor.class);

  /** What a VNIC is told. */
  public sealed interface Command {}

  /**
   * Connects to the VM's network socket, trying until the deadline. Answered by {@link Connected}.
   */
  public record Connect(Path socket, Duration deadline, ActorRef<Reply> replyTo)
      implements Command {}

  /**
   * Gives the channel log that ends here to a gate that was never open; of each channel it must
   * have as many frames as {@link SegmentSpec#inFlight} says. They are delivered before all others
   * once the gate opens. Answered by {@link Preloaded}.
   */
  public record Preload(List<RecordedFrame> frames, ActorRef<Reply> replyTo) implements Command {}

  /** Opens the gate for the first time. Answered by {@link Opened}. */
  public record Open(ActorRef<Reply> replyTo) implements Command {}

  /**
   * Shuts the gate for the cut to this epoch, and waits until the running VM has taken what was
   * handed to it. Answered by {@link Held}, also when the VM did not become quiet in time; a cut
   * that goes on then loses what the VM has not taken from the restored world.
   */
  public record Hold(int epoch, ActorRef<Reply> replyTo) implements Command {}

  /**
   * Shuts the gate until the running VM has taken what was handed to it, and opens it again; before
   * a cut, to find out whether it can be made. Answered by {@link Rehearsed}.
   */
  public record Rehearse(ActorRef<Reply> replyTo) implements Command {}

  /**
   * Shuts the gate for no cut, until {@link Reopen}, and waits until the running VM has taken what
   * was handed to it. A hold that is ordered meanwhile takes over. Answered by {@link Shut}.
   */
  public record ShutForNow(ActorRef<Reply> replyTo) implements Command {}

  /** Opens the gate after {@link ShutForNow}, unless it is held. Answered by {@link Opened}. */
  public record Reopen(ActorRef<Reply> replyTo) implements Command {}

  /**
   * Makes the cut; the VM must be paused. Reads what it had sent, turns red and sends the markers.
   * Answered by {@link TurnedRed}.
   */
  public record TurnRed(int epoch, ActorRef<Reply> replyTo) implements Command {}

  /** Opens the gate after the cut; the VM should run. Answered by {@link Released}. */
  public record Release(int epoch, ActorRef<Reply> replyTo) implements Command {}

  /**
   * Forgets the cut to this epoch, made or not: the gate goes to the epoch and opens, unless it
   * never was open. Answered by {@link Aborted}.
   */
  public record Abort(int epoch, ActorRef<Reply> replyTo) implements Command {}

  /** Asks what happened so far. Answered by {@link Counted}. */
  public record Count(ActorRef<Reply> replyTo) implements Command {}

  /**
   * Closes the gate and the VM's network socket, and ends this actor. Answered by {@link Closed}.
   */
  public record Close(ActorRef<Reply> replyTo) implements Command {}

  private record Answer(ActorRef<Reply> replyTo, Reply reply) implements Command {}

  private record Happened(VnicEvent event) implements Command {}

  /** How a VNIC answers. */
  public sealed interface Reply {
    /** Number of the VNIC in the topology. */
    int vnic();
  }

  /** The VM's network socket is connected. */
  public record Connected(int vnic) implements Reply {}

  /** The channel log is taken over. */
  public record Preloaded(int vnic, int frames) implements Reply {}

  /** The gate is open. */
  public record Opened(int vnic) implements Reply {}

  /**
   * The gate is shut for the cut.
   *
   * @param quiet whether the VM has taken all that was handed to it
   */
  public record Held(int vnic, int epoch, boolean quiet, long waitedMicros) implements Reply {}

  /**
   * The gate was shut for a moment and is open again.
   *
   * @param quiet whether the VM has taken all that was handed to it
   */
  public record Rehearsed(int vnic, boolean quiet, long waitedMicros) implements Reply {}

  /**
   * The gate is shut for no cut.
   *
   * @param quiet whether the VM has taken all that was handed to it
   */
  public record Shut(int vnic, boolean quiet, long waitedMicros) implements Reply {}

  /**
   * The cut is made.
   *
   * @param drainedFrames white frames read after the VM was paused
   */
  public record TurnedRed(int vnic, int epoch, long drainedFrames) implements Reply {}

  /**
   * The gate is open after the cut.
   *
   * @param heldFrames frames that had waited at the shut gate
   */
  public record Released(int vnic, int epoch, long heldFrames) implements Reply {}

  /**
   * The cut is forgotten.
   *
   * @param epoch of the gate now
   */
  public record Aborted(int vnic, int epoch) implements Reply {}

  /** What happened so far. */
  public record Counted(int vnic, GateCounters counters) implements Reply {}

  /** The gate is closed and this actor ends. */
  public record Closed(int vnic) implements Reply {}

  /**
   * The command was not carried out.
   *
   * @param reason for the person who must act
   */
  public record Refused(int vnic, String reason) implements Reply {}

  private final int vnic;
  private final ActorRef<VnicEvent> owner;
  private final VnicOrders orders;

  /**
   * A VNIC of the segment.
   *
   * @param vnic number of a VNIC that is on this host
   * @param owner hears what happens
   */
  public static Behavior<Command> create(Segment segment, int vnic, ActorRef<VnicEvent> owner) {
    return Behaviors.setup(context -> new VnicActor(context, segment, vnic, owner));
  }

  private VnicActor(
      ActorContext<Command> context, Segment segment, int vnic, ActorRef<VnicEvent> owner) {
    super(context);
    this.vnic = vnic;
    this.owner = owner;
    this.orders = segment.orders(vnic);
    orders.listen(new ToSelf(vnic, segment.name(vnic), context.getSelf()));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Command.class, this::onCommand)
        .onSignal(PostStop.class, stopped -> onStop())
        .build();
  }

  private Behavior<Command> onCommand(Command command) {
    switch (command) {
      case Connect c ->
          answer(
              c.replyTo(), orders.connect(c.socket(), c.deadline()), done -> new Connected(vnic));
      case Preload c ->
          answer(
              c.replyTo(),
              orders.preload(c.frames()),
              done -> new Preloaded(vnic, c.frames().size()));
      case Open c -> answer(c.replyTo(), orders.open(), done -> new Opened(vnic));
      case Hold c ->
          answer(
              c.replyTo(),
              orders.hold(c.epoch()),
              held -> new Held(vnic, c.epoch(), held.quiet(), held.waitedMicros()));
      case Rehearse c ->
          answer(
              c.replyTo(),
              orders.rehearse(),
              held -> new Rehearsed(vnic, held.quiet(), held.waitedMicros()));
      case ShutForNow c ->
          answer(
              c.replyTo(),
              orders.shut(),
              held -> new Shut(vnic, held.quiet(), held.waitedMicros()));
      case Reopen c -> answer(c.replyTo(), orders.reopen(), done -> new Opened(vnic));
      case TurnRed c ->
          answer(
              c.replyTo(),
              orders.turnRed(c.epoch()),
              red -> new TurnedRed(vnic, red.epoch(), red.drainedFrames()));
      case Release c ->
          answer(
              c.replyTo(),
              orders.release(c.epoch()),
              released -> new Released(vnic, c.epoch(), released.heldFrames()));
      case Abort c ->
          answer(c.replyTo(), orders.abort(c.epoch()), epoch -> new Aborted(vnic, epoch));
      case Count c ->
          answer(c.replyTo(), orders.counters(), counters -> new Counted(vnic, counters));
      case Close c -> answer(c.replyTo(), orders.close(), done -> new Closed(vnic));
      case Answer a -> {
        return onAnswer(a);
      }
      case Happened happened -> owner.tell(happened.event());
    }
    return this;
  }

  private Behavior<Command> onAnswer(Answer answer) {
    answer.replyTo().tell(answer.reply());
    return answer.reply() instanceof Closed ? Behaviors.stopped() : this;
  }

  private Behavior<Command> onStop() {
    orders.close();
    return this;
  }

  private <T> void answer(
      ActorRef<Reply> replyTo, CompletionStage<T> result, Function<T, Reply> success) {
    getContext()
        .pipeToSelf(
            result,
            (value, failure) ->
                new Answer(
                    replyTo,
                    failure == null ? success.apply(value) : new Refused(vnic, reason(failure))));
  }

  private static String reason(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    @Nullable String message = cause.getMessage();
    return cause instanceof Refusal && message != null ? message : cause.toString();
  }

  /** Turns what the event loop reports into messages. */
  private record ToSelf(int vnic, String name, ActorRef<Command> self) implements GateEvents {
    @Override
    public void redSeen(int epoch) {
      self.tell(new Happened(new VnicEvent.RedSeen(vnic, epoch)));
    }

    @Override
    public void logClosed(
        int epoch, List<ChannelRecord> channels, Collection<RecordedFrame> frames, Runnable free) {
      self.tell(new Happened(new VnicEvent.LogClosed(vnic, epoch, channels, frames, free)));
    }

    @Override
    public void recordingFailed(int epoch, String reason) {
      self.tell(new Happened(new VnicEvent.RecordingFailed(vnic, epoch, reason)));
    }

    @Override
    public void portClosed(String reason) {
      self.tell(new Happened(new VnicEvent.PortClosed(vnic, reason)));
    }

    @Override
    public void holdExpired(int epoch) {
      self.tell(new Happened(new VnicEvent.HoldExpired(vnic, epoch)));
    }

    @Override
    public void badInput(BadInput cause) {
      LOG.warn("VNIC {}: the VM sends {}; they are refused and counted", name, cause.words());
      if (cause != BadInput.TORN) {
        self.tell(new Happened(new VnicEvent.Refusing(vnic)));
      }
    }

    @Override
    public void closing(GateCounters counters) {
      String losses = counters.losses();
      if (!losses.isEmpty()) {
        LOG.info(
            "VNIC {} is closed: {} frames sent, {} delivered; {}",
            name,
            counters.sent(),
            counters.delivered(),
            losses);
      }
    }

    @Override
    public void dropping(DropCause cause) {
      LOG.warn("VNIC {}: frames for the VM are dropped and counted: {}", name, cause);
    }
  }
}
