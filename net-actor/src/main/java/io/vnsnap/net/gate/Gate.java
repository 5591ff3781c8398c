package io.vnsnap.net.gate;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.vnsnap.net.frame.BadInput;
import io.vnsnap.net.frame.Drops;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.net.port.Port;
import io.vnsnap.net.port.PortEvents;
import io.vnsnap.proto.DropCause;
import io.vnsnap.proto.RecordedFrame;
import org.jspecify.annotations.Nullable;

/**
 * The valve of a VNIC. Everything happens on the event loop, so that what it does is ordered by
 * construction.
 *
 * <p>Design note. With r the epoch of the gate and f that of a frame or marker that arrives:
 *
 * <ul>
 *   <li>f = r: the frame is delivered.
 *   <li>f &lt; r: the frame was in flight at the cut: it is delivered and recorded.
 *   <li>f &gt; r: it waits until this VM has made its own cut, and so does whatever follows on the
 *       channel.
 * </ul>
 *
 * A cut goes: <em>hold</em> (nothing more is handed to the VM; what was handed over must be taken
 * before the VM is paused, or it would be neither in the image nor in the log), pause, <em>turn
 * red</em> (what the VM sent before the pause is still white; then, in one turn of the loop, the
 * epoch changes, the counts are noted, and markers follow the white frames), resume,
 * <em>release</em> (what waited is judged by the rules). A frame counts as delivered when the port
 * has taken it; a frame in the backlog is still ours and goes back to the held ones.
 *
 * <p>Epochs on a channel never fall, so items of one channel that stay held never overtake each
 * other.
 *
 * <p>A link that delays frames holds them at the sender's side. At the sender's cut it hands them
 * over at once, as white frames with the time that each has left, and the marker follows: so the
 * channel stays in order, its count is exact, and nobody waits for the delay. To the gate such a
 * frame is one that has been let through and is not due yet. What is not due when this VM makes its
 * cut is in flight: it is recorded with what is left of its delay.
 */
public final class Gate implements PortEvents {

  /** What the gate does with frames for its VM. */
  public enum State {
    /** Deployed, not yet told to open: everything waits, without a deadline. */
    NEW,
    /** The rules decide. */
    OPEN,
    /** Shut for a cut that is not made yet. */
    HOLDING,
    /** Shut, the cut is made. */
    RED,
    /** Undeployed: nothing passes any more. */
    CLOSED
  }

  private final int number;
  private final GateSettings settings;
  private final LoopClock clock;
  private final WaitingLine line;
  private final ToVm toVm;
  private final FromVm fromVm = new FromVm();
  private final Orders orders = new Orders(this);
  private final @Nullable InChannel[] channelFrom;
  private final Recorder recorder;
  private final Alarm maxHold;
  private final Alarm nextDue;
  private GateEvents events = GateEvents.NONE;
  private State state = State.NEW;
  private int epoch;
  private int redSeen;
  private long stale;

  /**
   * @param number of the VNIC
   * @param vnics number of VNICs in the VNE
   * @param budget for the recorded frames of all gates of the host
   */
  public Gate(
      int number,
      int vnics,
      GateSettings settings,
      RecordBudget budget,
      LoopClock clock,
      ByteBufAllocator allocator) {
    this.number = number;
    this.settings = settings;
    this.clock = clock;
    this.line = new WaitingLine(allocator, settings.queueBytes());
    this.toVm = new ToVm(line, cause -> events.dropping(cause));
    this.recorder = new Recorder(clock, settings.recordBytes(), budget, () -> events);
    this.channelFrom = new InChannel[vnics];
    this.maxHold = new Alarm(clock, this::expire);
    this.nextDue = new Alarm(clock, this::deliverDue);
  }

  /** The orders to this gate. */
  public Orders orders() {
    return orders;
  }

  /** Adds a channel that ends here; before the gate is used. */
  public InChannel addChannel(int from, long inFlight) {
    InChannel channel = new InChannel(from, number, inFlight);
    channelFrom[from] = channel;
    recorder.addChannel(channel);
    return channel;
  }

  /** The channel from this VNIC; null if there is none. */
  public @Nullable InChannel channelFrom(int vnic) {
    return vnic >= 0 && vnic < channelFrom.length ? channelFrom[vnic] : null;
  }

  /** Sets the way out; before the gate is used. */
  public void connectTo(Egress link) {
    fromVm.connectTo(link);
  }

  /** Sets who hears of what happens here; replaces the one before. */
  public void listen(GateEvents listener) {
    events = listener;
  }

  /**
   * A train arrives on a channel. The buffer stays the caller's, with the indices it had.
   *
   * @param frameEpoch of all its frames
   * @param first sequence number; the others follow
   */
  public void receive(InChannel channel, int frameEpoch, long first, ByteBuf train, int frames) {
    if (!passWhole(channel, frameEpoch, first, train, frames)) {
      Framing.forEachFrame(
          train,
          (framed, number) ->
              receive(channel, frameEpoch, first + number, Waiting.AT_THE_CUT, framed));
    }
  }

  /**
   * What nearly every train does: a shortcut through the rules below, for all its frames at once.
   *
   * @return false, with nothing done, if it is not that simple
   */
  private boolean passWhole(
      InChannel channel, int frameEpoch, long first, ByteBuf train, int frames) {
    if (mustWait(channel, frameEpoch) || channel.early > 0 || !channel.isNext(frameEpoch, first)) {
      return false;
    }
    channel.admit(frameEpoch, first, frames);
    ByteBuf recorded = null;
    if (recorder.takes(frameEpoch)) {
      long arrival = Math.max(channel.dueInOrder(Waiting.AT_THE_CUT), clock.batchNanos());
      recorded = recorder.record(channel, first, arrival, train, frames);
    }
    if (recorded == null) {
      toVm.deliver(channel, frameEpoch, first, Waiting.NEVER, train, frames);
    } else {
      toVm.deliver(channel, frameEpoch, first, epoch, recorded, frames);
    }
    return true;
  }

  /**
   * A frame is here that will arrive later: its link was still delaying it when its sender made a
   * cut. The buffer stays the caller's.
   *
   * @param remainingNanos that are left of the delay
   */
  public void receiveEarly(
      InChannel channel, int frameEpoch, long sequence, long remainingNanos, ByteBuf framed) {
    receive(channel, frameEpoch, sequence, clock.nanos() + remainingNanos, framed);
  }

  private void receive(InChannel channel, int frameEpoch, long sequence, long due, ByteBuf framed) {
    if (state == State.CLOSED || !channel.isNext(frameEpoch, sequence)) {
      stale++;
      return;
    }
    channel.admit(frameEpoch, sequence, 1);
    long inOrder = channel.dueInOrder(due);
    if (!mustWait(channel, frameEpoch)) {
      pass(channel, frameEpoch, sequence, inOrder, framed);
    } else if (!line.hold(channel, frameEpoch, sequence, inOrder, framed)) {
      toVm.drop(channel, DropCause.HOLD_FULL);
    }
    noticeRed(frameEpoch);
  }

  /** A marker arrives on a channel. */
  public void receive(InChannel channel, Marker marker) {
    if (state == State.CLOSED || !channel.admit(marker)) {
      stale++;
      return;
    }
    if (mustWait(channel, marker.epoch())) {
      line.holdMarker(channel, marker);
    } else {
      recorder.pass(channel, marker, channel.lostAtShutGate());
    }
    noticeRed(marker.epoch());
  }

  @Override
  public void received(ByteBuf train, int frames) {
    if (state != State.CLOSED) {
      report(fromVm.pass(epoch, train, frames));
    }
  }

  @Override
  public void malformed(BadInput cause) {
    report(fromVm.refuse(cause, 1));
  }

  private void report(@Nullable BadInput first) {
    if (first != null) {
      events.badInput(first);
    }
  }

  @Override
  public void writable() {
    if (state != State.HOLDING && state != State.RED) {
      toVm.pump();
    }
  }

  @Override
  public void closed(String reason) {
    toVm.gone();
    events.portClosed(reason);
  }

  /** What happened here so far. */
  public GateCounters counters() {
    long delivered = 0;
    long missing = 0;
    Drops drops = new Drops();
    for (InChannel channel : recorder.channels()) {
      delivered += channel.delivered();
      missing += channel.missing();
      drops.add(channel.drops());
    }
    return new GateCounters(
        epoch,
        state,
        fromVm.sent(),
        fromVm.keptBack(),
        delivered,
        line.items(),
        line.bytes(),
        fromVm.refused(),
        fromVm.lost(),
        stale,
        missing,
        drops);
  }

  /** Frees everything and lets the VM go; nothing passes any more. May be called twice. */
  public void close() {
    if (state != State.CLOSED) {
      events.closing(counters());
    }
    state = State.CLOSED;
    recorder.abandon();
    maxHold.cancel();
    nextDue.cancel();
    port().close();
    fromVm.close();
    line.clear();
  }

  // What the orders are made of.

  State state() {
    return state;
  }

  int epoch() {
    return epoch;
  }

  Port port() {
    return toVm.port();
  }

  LoopClock clock() {
    return clock;
  }

  GateSettings settings() {
    return settings;
  }

  /** Frames the VM has sent so far, refused ones not counted. */
  long framesFromVm() {
    return fromVm.frames();
  }

  void plug(Port connected) {
    toVm.plug(connected);
  }

  boolean isUntouched() {
    return state == State.NEW && line.items() == 0;
  }

  void holdReplay(RecordedFrame frame, InChannel channel, long dueNanos) {
    int length = frame.getFrame().size();
    ByteBuf framed = line.newFrame(Framing.LENGTH_BYTES + length);
    framed.writeInt(length);
    framed.writeBytes(frame.getFrame().asReadOnlyByteBuffer());
    line.early().add(Waiting.replay(channel, frame.getSequence(), framed, dueNanos));
  }

  void open() {
    line.startReplay(clock.nanos());
    letThrough();
  }

  void shut() {
    state = State.HOLDING;
    line.takeBack();
    maxHold.set(settings.maxHold().toNanos());
  }

  /** The VM is paused and drained: one turn of the loop, or frames would be on the wrong side. */
  void turnRed(int cut) {
    epoch = cut;
    state = State.RED;
    recorder.start(cut);
    line.takenBack().forEach(recorder::record);
    line.early().inOrder().forEach(recorder::record);
    fromVm.mark(cut);
    recorder.closeIfComplete();
  }

  /** Opens after a cut. Returns the number of frames that were held. */
  long reopen() {
    long heldFrames = line.heldFrames();
    letThrough();
    return heldFrames;
  }

  /** Goes to the epoch without a log, and opens if it was ever open. */
  void skipTo(int cut) {
    epoch = Math.max(epoch, cut);
    recorder.abandon();
    if (state != State.NEW) {
      letThrough();
    }
  }

  // Rules.

  private void letThrough() {
    state = State.OPEN;
    judgeHeld();
    deliverDue();
  }

  private boolean mustWait(InChannel channel, int itemEpoch) {
    return state != State.OPEN
        || itemEpoch > epoch
        || channel.waiting > 0
        || line.early().isReplaying();
  }

  private void noticeRed(int itemEpoch) {
    if (itemEpoch <= epoch) {
      return;
    }
    if (state == State.OPEN && !maxHold.isSet()) {
      maxHold.set(settings.maxHold().toNanos());
    }
    if (itemEpoch > Math.max(redSeen, orders.cutOrdered())) {
      redSeen = itemEpoch;
      events.redSeen(itemEpoch);
    }
  }

  private void pass(InChannel channel, int frameEpoch, long sequence, long due, ByteBuf framed) {
    int recordedIn = Waiting.NEVER;
    if (recorder.takes(frameEpoch)) {
      var unused = recorder.record(channel, sequence, Math.max(due, clock.batchNanos()), framed, 1);
      recordedIn = epoch;
    }
    if (channel.early == 0 && (due == Waiting.AT_THE_CUT || due <= clock.nanos())) {
      toVm.deliver(channel, frameEpoch, sequence, recordedIn, framed);
      return;
    }
    Waiting frame = line.admit(channel, frameEpoch, sequence, due, framed);
    if (frame == null) {
      toVm.drop(channel, DropCause.QUEUE_FULL);
    } else {
      frame.recordedIn = recordedIn;
      addEarly(frame);
    }
  }

  private void addEarly(Waiting frame) {
    line.early().add(frame);
    nextDue.setBy(line.early().nextDue());
  }

  /** Applies the rules to what is held; what has to go on waiting keeps its order. */
  private void judgeHeld() {
    for (int left = line.heldItems(); left > 0 && state == State.OPEN; left--) {
      Waiting item = line.pollHeld();
      if (item == null) {
        break;
      }
      if (item.epoch > epoch || (line.early().isReplaying() && !item.passed)) {
        line.holdLast(item);
      } else if (item.marker != null) {
        WaitingLine.passed(item);
        recorder.pass(item.channel, item.marker, item.lostBefore);
      } else if (item.frame != null) {
        passHeld(item, item.frame);
      }
    }
    if (line.highestEpoch(epoch) == epoch) {
      maxHold.cancel();
    } else if (!maxHold.isSet()) {
      maxHold.set(settings.maxHold().toNanos());
    }
  }

  private void passHeld(Waiting item, ByteBuf framed) {
    recorder.record(item);
    WaitingLine.passed(item);
    if (!item.passed && (item.due > clock.nanos() || item.channel.early > 0)) {
      addEarly(item);
    } else {
      toVm.deliver(item, framed);
    }
  }

  /** Delivers the early frames that have become due. */
  private void deliverDue() {
    boolean replaying = line.early().isReplaying();
    for (Waiting item = pollDue(); item != null && item.frame != null; item = pollDue()) {
      toVm.deliver(item, item.frame);
    }
    if (state == State.OPEN && replaying && !line.early().isReplaying()) {
      judgeHeld();
    }
    if (state == State.OPEN && !line.early().isEmpty()) {
      nextDue.setBy(line.early().nextDue());
    }
  }

  private @Nullable Waiting pollDue() {
    return state == State.OPEN ? line.early().poll(clock.nanos()) : null;
  }

  private void expire() {
    int highest = line.highestEpoch(Math.max(epoch, orders.cutOrdered()));
    skipTo(highest);
    events.holdExpired(highest);
  }
}
