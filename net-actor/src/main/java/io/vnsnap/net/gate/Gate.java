package io.vnsnap.net.gate;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.vnsnap.net.frame.Drops;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.net.port.Port;
import io.vnsnap.net.port.PortEvents;
import io.vnsnap.proto.DropCause;
import io.vnsnap.proto.RecordedFrame;
import java.util.ArrayList;
import java.util.List;
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
  private final Orders orders = new Orders(this);
  private final @Nullable InChannel[] channelFrom;
  private final List<InChannel> channels = new ArrayList<>();
  private @Nullable Egress egress;
  private GateEvents events = GateEvents.NONE;
  private Port port = Port.ABSENT;
  private State state = State.NEW;
  private int epoch;
  private int redSeen;
  private @Nullable Recording recording;
  private boolean pumping;
  private LoopClock.@Nullable Timer maxHold;
  private LoopClock.@Nullable Timer replay;

  private long fromVm;
  private long announcements;
  private long undersized;
  private long stale;

  /**
   * @param number of the VNIC
   * @param vnics number of VNICs in the VNE
   */
  public Gate(
      int number, int vnics, GateSettings settings, LoopClock clock, ByteBufAllocator allocator) {
    this.number = number;
    this.settings = settings;
    this.clock = clock;
    this.line = new WaitingLine(allocator, settings.queueBytes());
    this.channelFrom = new InChannel[vnics];
  }

  /** The orders to this gate. */
  public Orders orders() {
    return orders;
  }

  /** Adds a channel that ends here; before the gate is used. */
  public InChannel addChannel(int from, long inFlight) {
    InChannel channel = new InChannel(from, number, inFlight);
    channelFrom[from] = channel;
    channels.add(channel);
    return channel;
  }

  /** The channel from this VNIC; null if there is none. */
  public @Nullable InChannel channelFrom(int vnic) {
    return vnic >= 0 && vnic < channelFrom.length ? channelFrom[vnic] : null;
  }

  /** Sets the way out; before the gate is used. */
  public void connectTo(Egress link) {
    this.egress = link;
  }

  /** Sets who hears of what happens here; replaces the one before. */
  public void listen(GateEvents listener) {
    this.events = listener;
  }

  /** A frame arrives on a channel. The buffer stays the caller's. */
  public void receive(InChannel channel, int frameEpoch, long sequence, ByteBuf framed) {
    if (state == State.CLOSED || !channel.admit(frameEpoch, sequence)) {
      stale++;
      return;
    }
    if (!mustWait(channel, frameEpoch)) {
      deliver(channel, frameEpoch, sequence, framed);
    } else if (!line.hold(channel, frameEpoch, sequence, framed)) {
      channel.drop(DropCause.HOLD_FULL);
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
      passMarker(channel, marker, channel.lostAtShutGate());
    }
    noticeRed(marker.epoch());
  }

  @Override
  public void received(ByteBuf framed) {
    if (Framing.isAnnouncement(framed)) {
      announcements++;
    } else if (egress != null && state != State.CLOSED) {
      fromVm++;
      egress.frame(epoch, framed);
    }
  }

  @Override
  public void undersized() {
    undersized++;
  }

  @Override
  public void writable() {
    if (pumping || state == State.HOLDING || state == State.RED) {
      return;
    }
    pumping = true;
    for (Waiting next = line.peekBacklog();
        next != null && next.frame != null && port.offer(next.frame);
        next = line.peekBacklog()) {
      line.pollBacklog();
      next.channel.countDelivered();
      line.release(next);
    }
    pumping = false;
  }

  @Override
  public void closed(String reason) {
    while (!line.isBacklogEmpty()) {
      Waiting gone = line.pollBacklog();
      gone.channel.drop(DropCause.VM_GONE);
      line.release(gone);
    }
    events.portClosed(reason);
  }

  /** What happened here so far. */
  public GateCounters counters() {
    long delivered = 0;
    long missing = 0;
    Drops drops = new Drops();
    for (InChannel channel : channels) {
      delivered += channel.delivered();
      missing += channel.missing();
      drops.add(channel.drops());
    }
    return new GateCounters(
        epoch,
        state,
        egress == null ? 0 : egress.sent(),
        delivered,
        line.items(),
        line.bytes(),
        announcements,
        undersized,
        stale,
        missing,
        drops);
  }

  /** Frees everything and lets the VM go; nothing passes any more. May be called twice. */
  public void close() {
    state = State.CLOSED;
    recording = null;
    stopTimers();
    port.close();
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
    return port;
  }

  LoopClock clock() {
    return clock;
  }

  GateSettings settings() {
    return settings;
  }

  /** Frames the VM has sent so far, announcements not counted. */
  long framesFromVm() {
    return fromVm;
  }

  void plug(Port connected) {
    port = connected;
  }

  boolean isUntouched() {
    return state == State.NEW && line.items() == 0;
  }

  void holdReplay(RecordedFrame frame, InChannel channel, long dueNanos) {
    int length = frame.getFrame().size();
    ByteBuf framed = line.newFrame(Framing.LENGTH_BYTES + length);
    framed.writeInt(length);
    framed.writeBytes(frame.getFrame().asReadOnlyByteBuffer());
    line.holdReplay(channel, frame.getSequence(), framed, dueNanos);
  }

  void open() {
    state = State.OPEN;
    line.startReplay(clock.nanos());
    judgeHeld();
  }

  void shut() {
    state = State.HOLDING;
    line.takeBack();
    startMaxHold();
  }

  /** The VM is paused and drained: one turn of the loop, or frames would be on the wrong side. */
  void turnRed(int cut) {
    if (recording != null) {
      events.recordingFailed(recording.epoch(), "the next cut came before the log was complete");
    }
    epoch = cut;
    state = State.RED;
    recording = new Recording(cut, clock.nanos(), settings.recordBytes(), channels.size());
    channels.forEach(InChannel::cut);
    if (egress != null) {
      egress.mark(cut);
    }
    closeLogIfComplete();
  }

  /** Opens after a cut. Returns the number of frames that were held. */
  long reopen() {
    long heldFrames = line.heldFrames();
    state = State.OPEN;
    judgeHeld();
    return heldFrames;
  }

  /** Goes to the epoch without a log, and opens if it was ever open. */
  void skipTo(int cut) {
    epoch = Math.max(epoch, cut);
    recording = null;
    if (state != State.NEW) {
      state = State.OPEN;
      judgeHeld();
    }
  }

  // Rules.

  private boolean mustWait(InChannel channel, int itemEpoch) {
    return state != State.OPEN || itemEpoch > epoch || channel.waiting > 0 || line.isReplaying();
  }

  private void noticeRed(int itemEpoch) {
    if (itemEpoch <= epoch) {
      return;
    }
    if (state == State.OPEN && maxHold == null) {
      startMaxHold();
    }
    if (itemEpoch > Math.max(redSeen, orders.cutOrdered())) {
      redSeen = itemEpoch;
      events.redSeen(itemEpoch);
    }
  }

  private void deliver(InChannel channel, int frameEpoch, long sequence, ByteBuf framed) {
    int recordedIn = Waiting.NEVER;
    if (frameEpoch < epoch && recording != null) {
      record(recording, channel, sequence, framed, clock.nanos());
      recordedIn = epoch;
    }
    if (!port.isOpen()) {
      channel.drop(DropCause.VM_GONE);
    } else if (line.isBacklogEmpty() && port.offer(framed)) {
      channel.countDelivered();
    } else {
      Waiting frame = line.admit(channel, frameEpoch, sequence, framed);
      if (frame == null) {
        channel.drop(DropCause.QUEUE_FULL);
      } else {
        frame.recordedIn = recordedIn;
        line.addBacklog(frame);
      }
    }
  }

  /** Applies the rules to what is held; what has to go on waiting keeps its order. */
  private void judgeHeld() {
    for (int left = line.heldItems(); left > 0 && state == State.OPEN; left--) {
      Waiting item = line.pollHeld();
      if (item == null) {
        break;
      }
      if (item.due > clock.nanos()) {
        line.holdFirst(item);
        replayLater(item.due);
        break;
      }
      if (item.epoch > epoch) {
        line.holdLast(item);
      } else if (item.marker != null) {
        line.passed(item);
        passMarker(item.channel, item.marker, item.lostBefore);
      } else if (item.frame != null) {
        deliverHeld(item, item.frame);
      }
    }
    if (line.highestEpoch(epoch) == epoch) {
      stopMaxHold();
    } else if (maxHold == null) {
      startMaxHold();
    }
  }

  private void deliverHeld(Waiting item, ByteBuf framed) {
    InChannel channel = item.channel;
    if (item.epoch < epoch && recording != null && item.recordedIn != epoch) {
      record(recording, channel, item.sequence, framed, item.due);
      item.recordedIn = epoch;
    }
    line.passed(item);
    if (!port.isOpen()) {
      channel.drop(DropCause.VM_GONE);
      line.release(item);
    } else if (line.isBacklogEmpty() && port.offer(framed)) {
      channel.countDelivered();
      line.release(item);
    } else {
      line.addBacklog(item);
    }
  }

  private void record(
      Recording log, InChannel channel, long sequence, ByteBuf framed, long arrivedNanos) {
    if (!log.add(channel, sequence, framed, arrivedNanos)) {
      recording = null;
      events.recordingFailed(
          log.epoch(),
          "more frames were in flight than fit the %d bytes of vnsnap.net.gate.record-bytes"
              .formatted(settings.recordBytes()));
    }
  }

  private void passMarker(InChannel channel, Marker marker, long lostBefore) {
    if (recording != null
        && recording.epoch() == marker.epoch()
        && channel.close(marker, lostBefore)) {
      recording.channelClosed();
      closeLogIfComplete();
    }
  }

  private void closeLogIfComplete() {
    if (recording != null && recording.isComplete()) {
      Recording complete = recording;
      recording = null;
      events.logClosed(
          complete.epoch(), channels.stream().map(InChannel::closing).toList(), complete.frames());
    }
  }

  // Timers.

  private void replayLater(long dueNanos) {
    if (replay != null) {
      replay.cancel();
    }
    replay =
        clock.after(
            Math.max(0, dueNanos - clock.nanos()),
            () -> {
              replay = null;
              if (state == State.OPEN) {
                judgeHeld();
              }
            });
  }

  private void startMaxHold() {
    stopMaxHold();
    maxHold = clock.after(settings.maxHold().toNanos(), this::expire);
  }

  private void stopMaxHold() {
    if (maxHold != null) {
      maxHold.cancel();
      maxHold = null;
    }
  }

  private void stopTimers() {
    stopMaxHold();
    if (replay != null) {
      replay.cancel();
      replay = null;
    }
  }

  private void expire() {
    maxHold = null;
    int highest = line.highestEpoch(Math.max(epoch, orders.cutOrdered()));
    skipTo(highest);
    events.holdExpired(highest);
  }
}
