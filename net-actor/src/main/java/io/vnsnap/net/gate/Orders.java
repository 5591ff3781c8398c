package io.vnsnap.net.gate;

import io.vnsnap.net.frame.Framing;
import io.vnsnap.net.port.Port;
import io.vnsnap.proto.RecordedFrame;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * The orders to a gate, and what they wait for. An order that arrives twice is carried out once and
 * answered twice; one for a cut that is over is refused. Results fail with a {@link Refusal}. On
 * the event loop.
 */
public final class Orders {
  private static final long POLL_NANOS = 100_000;
  private static final long NANOS_PER_MICRO = 1000;

  private final Gate gate;
  private int cutOrdered;
  private int cutMade;
  private long drained;
  private int released;
  private long heldFrames;

  Orders(Gate gate) {
    this.gate = gate;
  }

  /** The highest cut that was ordered here. */
  int cutOrdered() {
    return cutOrdered;
  }

  /**
   * Plugs the VM in. A gate that was closed meanwhile lets it go again.
   *
   * @throws Refusal if there is one already
   */
  public void attach(Port port) {
    if (gate.state() == Gate.State.CLOSED || gate.port().isOpen()) {
      port.close();
      throw new Refusal(
          gate.state() == Gate.State.CLOSED
              ? "the network is closed"
              : "the VNIC is connected already");
    }
    gate.plug(port);
  }

  /**
   * Takes the channel logs that end here: they will be delivered first, spaced as they were
   * recorded, from the moment the gate opens.
   *
   * @param frames in order of arrival; of each channel the frames 1 to k, as the segment was told
   * @throws Refusal if they are not that, or the gate has frames already
   */
  public void preload(List<RecordedFrame> frames) {
    if (!gate.isUntouched()) {
      throw new Refusal("recorded frames must be given to a gate before it has any other");
    }
    Map<Integer, Long> lastOf = new HashMap<>();
    for (RecordedFrame frame : frames) {
      InChannel channel = gate.channelFrom(frame.getFrom());
      if (channel == null) {
        throw new Refusal("recorded frame of a VNIC on another link: " + frame.getFrom());
      }
      if (frame.getFrame().size() < Framing.MIN_FRAME
          || frame.getFrame().size() > Framing.MAX_FRAME) {
        throw new Refusal("recorded frame of %d bytes".formatted(frame.getFrame().size()));
      }
      lastOf.merge(frame.getFrom(), 1L, Long::sum);
    }
    lastOf.forEach((from, count) -> {
      InChannel channel = gate.channelFrom(from);
      if (channel == null || channel.inFlight() != count) {
        throw new Refusal(
            "%d recorded frames of VNIC %d, not as many as were announced".formatted(count, from));
      }
    });
    lastOf.clear();
    long maxNanos = gate.settings().maxReplay().toNanos();
    for (RecordedFrame frame : frames) {
      InChannel channel = gate.channelFrom(frame.getFrom());
      if (channel != null) {
        long dueNanos = Math.min(frame.getOffsetUs() * NANOS_PER_MICRO, maxNanos);
        long sequence = lastOf.merge(frame.getFrom(), 1L, Long::sum);
        gate.holdReplay(
            frame.toBuilder().setSequence(sequence).build(), channel, Math.max(0, dueNanos));
      }
    }
  }

  /**
   * Opens a gate for the first time; one that is open stays so.
   *
   * @throws Refusal if no VM is there
   */
  public void open() {
    if (gate.state() != Gate.State.NEW) {
      requireNotClosed();
      return;
    }
    requireVm();
    gate.open();
  }

  /**
   * Shuts the gate for a cut and waits until the VM has taken what was handed to it.
   *
   * @param cut epoch of the gates after the cut
   */
  public CompletableFuture<Held> hold(int cut) {
    requireVm();
    if (gate.state() == Gate.State.NEW) {
      throw new Refusal("the VNE does not run yet");
    }
    if (cutMade == cut) {
      return CompletableFuture.completedFuture(new Held(true, 0));
    }
    if (cut <= gate.epoch()) {
      throw new Refusal("cut %d is over: the gate is at epoch %d".formatted(cut, gate.epoch()));
    }
    cutOrdered = Math.max(cutOrdered, cut);
    if (gate.state() == Gate.State.OPEN) {
      gate.shut();
    }
    CompletableFuture<Held> reply = new CompletableFuture<>();
    awaitQuiet(cut, gate.clock().nanos(), reply);
    return reply;
  }

  private void awaitQuiet(int cut, long since, CompletableFuture<Held> reply) {
    if (givenUp(cut, reply)) {
      return;
    }
    boolean quiet = gate.port().isQuiet();
    long waited = gate.clock().nanos() - since;
    if (quiet || waited >= gate.settings().quietDeadline().toNanos()) {
      reply.complete(new Held(quiet, waited / NANOS_PER_MICRO));
    } else {
      gate.clock().after(POLL_NANOS, () -> awaitQuiet(cut, since, reply));
    }
  }

  /**
   * Shuts an open gate until the running VM has taken what was handed to it, and opens it again: a
   * VM that does not take its frames is found out before anything is cut. A hold that is ordered
   * meanwhile takes over.
   */
  public CompletableFuture<Held> rehearse() {
    requireVm();
    if (gate.state() != Gate.State.OPEN) {
      throw new Refusal("the gate is not open");
    }
    gate.shut();
    CompletableFuture<Held> reply = new CompletableFuture<>();
    awaitRehearsed(gate.clock().nanos(), reply);
    return reply;
  }

  private void awaitRehearsed(long since, CompletableFuture<Held> reply) {
    long waited = gate.clock().nanos() - since;
    boolean takenOver = gate.state() != Gate.State.HOLDING || cutOrdered > gate.epoch();
    boolean quiet = takenOver || gate.port().isQuiet();
    if (!quiet && waited < gate.settings().quietDeadline().toNanos()) {
      gate.clock().after(POLL_NANOS, () -> awaitRehearsed(since, reply));
      return;
    }
    if (!takenOver) {
      gate.reopen();
    }
    reply.complete(new Held(quiet, waited / NANOS_PER_MICRO));
  }

  /**
   * Shuts an open gate, for no cut, until {@link #reopen}, and waits until the running VM has taken
   * what was handed to it. One that is shut for a cut stays so.
   */
  public CompletableFuture<Held> shut() {
    requireVm();
    if (gate.state() == Gate.State.OPEN) {
      gate.shut();
    }
    CompletableFuture<Held> reply = new CompletableFuture<>();
    awaitTaken(gate.clock().nanos(), reply);
    return reply;
  }

  private void awaitTaken(long since, CompletableFuture<Held> reply) {
    long waited = gate.clock().nanos() - since;
    boolean quiet = gate.state() == Gate.State.HOLDING && gate.port().isQuiet();
    boolean useless = gate.state() != Gate.State.HOLDING;
    if (!quiet && !useless && waited < gate.settings().quietDeadline().toNanos()) {
      gate.clock().after(POLL_NANOS, () -> awaitTaken(since, reply));
    } else {
      reply.complete(new Held(quiet, waited / NANOS_PER_MICRO));
    }
  }

  /** Opens a gate that was {@link #shut}; one that is held for a cut is left to the cut. */
  public void reopen() {
    requireNotClosed();
    if (gate.state() == Gate.State.HOLDING && cutOrdered <= gate.epoch()) {
      gate.reopen();
    }
  }

  /**
   * Makes the cut. The gate must be held and the VM paused: what can still be read from it is
   * white.
   *
   * @param cut epoch of the gates after the cut
   */
  public CompletableFuture<TurnedRed> turnRed(int cut) {
    requireNotClosed();
    if (cutMade == cut) {
      return CompletableFuture.completedFuture(new TurnedRed(cut, drained));
    }
    requireVm();
    if (gate.state() != Gate.State.HOLDING || cut != cutOrdered) {
      throw new Refusal("the gate is not held for cut %d".formatted(cut));
    }
    CompletableFuture<TurnedRed> reply = new CompletableFuture<>();
    awaitDrained(cut, gate.clock().nanos(), gate.framesFromVm(), reply);
    return reply;
  }

  private void awaitDrained(
      int cut, long since, long fromVmBefore, CompletableFuture<TurnedRed> reply) {
    if (cutMade == cut) {
      reply.complete(new TurnedRed(cut, drained));
      return;
    }
    if (givenUp(cut, reply)) {
      return;
    }
    if (gate.port().isDrained()) {
      cutMade = cut;
      drained = gate.framesFromVm() - fromVmBefore;
      gate.turnRed(cut);
      reply.complete(new TurnedRed(cut, drained));
      return;
    }
    Duration deadline = gate.settings().drainDeadline();
    if (gate.clock().nanos() - since >= deadline.toNanos()) {
      reply.completeExceptionally(
          new Refusal(
              "what the paused VM had sent could not be read within %d ms"
                  .formatted(deadline.toMillis())));
    } else {
      gate.clock().after(0, () -> awaitDrained(cut, since, fromVmBefore, reply));
    }
  }

  /**
   * Opens the gate after its cut.
   *
   * @param cut epoch of the gate
   */
  public Released release(int cut) {
    requireNotClosed();
    if (gate.state() == Gate.State.RED && gate.epoch() == cut) {
      released = cut;
      heldFrames = gate.reopen();
    } else if (released != cut) {
      throw new Refusal("the gate is not shut after cut %d".formatted(cut));
    }
    return new Released(heldFrames);
  }

  /**
   * Forgets a cut: no log, no cut if it was not made, and the gate is open unless it never was.
   *
   * @param cut epoch that the gate goes to if it is not there or beyond
   * @return epoch of the gate now
   */
  public int abort(int cut) {
    requireNotClosed();
    boolean late = gate.state() == Gate.State.HOLDING && cut < cutOrdered;
    if (cut >= gate.epoch() && !late) {
      gate.skipTo(cut);
    }
    return gate.epoch();
  }

  private boolean givenUp(int cut, CompletableFuture<?> reply) {
    if (gate.state() == Gate.State.HOLDING && cut == cutOrdered && gate.port().isOpen()) {
      return false;
    }
    reply.completeExceptionally(
        new Refusal(
            gate.port().isOpen()
                ? "cut %d was given up".formatted(cut)
                : "the VM's network socket is closed"));
    return true;
  }

  private void requireVm() {
    requireNotClosed();
    if (!gate.port().isOpen()) {
      throw new Refusal("the VM's network socket is not connected");
    }
  }

  private void requireNotClosed() {
    if (gate.state() == Gate.State.CLOSED) {
      throw new Refusal("the network is closed");
    }
  }
}
