package io.vnsnap.net.gate;

import io.vnsnap.net.frame.Drops;
import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.DropCause;
import io.vnsnap.proto.DropCount;

/**
 * The receiving end of a channel: which sequence number is due, and what became of the frames. All
 * counts are frames of the whole generation, unless they are of a cut. Used by the event loop.
 */
public final class InChannel {
  /**
   * Markers of one channel that wait at a gate, at most. Two would do: one cut at a time, and one
   * that was aborted.
   */
  static final int MAX_WAITING_MARKERS = 4;

  private final int from;
  private final int to;
  private long lastSequence;
  private int lastEpoch;
  private int lastMarker;
  private long missing;
  private long delivered;
  private final Drops drops = new Drops();

  private long deliveredAtCut;
  private long queueFullAtCut;
  private long vmGoneAtCut;
  private long recorded;
  private boolean closed;
  private ChannelRecord closing = ChannelRecord.getDefaultInstance();

  /** Frames and markers of this channel that wait for the gate. */
  int waiting;

  int waitingMarkers;

  /** Frames of this channel that have passed the gate and are not due yet. */
  int early;

  private long lastDue = Waiting.AT_THE_CUT;

  /**
   * @param from number of the sending VNIC
   * @param to number of the receiving VNIC
   * @param inFlight frames that a restore will replay: they have the numbers from 1 on
   */
  InChannel(int from, int to, long inFlight) {
    this.from = from;
    this.to = to;
    this.lastSequence = inFlight;
  }

  /** Number of the sending VNIC. */
  public int from() {
    return from;
  }

  /**
   * Whether a frame that arrives may be {@linkplain #admit admitted}. Else it was here before, or
   * comes from a sender that went back in time, and must be forgotten.
   */
  boolean isNext(int epoch, long sequence) {
    return sequence > lastSequence && epoch >= lastEpoch;
  }

  /**
   * Takes note of a train that arrives. Numbers left out are frames that were lost on the way.
   *
   * @param first number, which {@linkplain #isNext may come next}
   */
  void admit(int epoch, long first, int frames) {
    missing += first - lastSequence - 1;
    lastSequence = first + frames - 1;
    lastEpoch = epoch;
  }

  /**
   * Takes note of a marker that arrives.
   *
   * @return false if it was here before or contradicts the frames; then it must be forgotten
   */
  boolean admit(Marker marker) {
    if (marker.epoch() <= lastMarker
        || marker.epoch() < lastEpoch
        || marker.sent() < lastSequence
        || waitingMarkers >= MAX_WAITING_MARKERS) {
      return false;
    }
    missing += marker.sent() - lastSequence;
    lastSequence = marker.sent();
    lastEpoch = marker.epoch();
    lastMarker = marker.epoch();
    return true;
  }

  /**
   * Takes note of when a frame is due.
   *
   * @param due {@link Waiting#AT_THE_CUT} if no link delays it
   * @return when it is due behind those before it on this channel; never falling
   */
  long dueInOrder(long due) {
    lastDue = Math.max(lastDue, due);
    return lastDue;
  }

  void countDelivered(int frames) {
    delivered += frames;
  }

  void countRecorded(int frames) {
    recorded += frames;
  }

  void drop(DropCause cause) {
    drops.add(cause);
  }

  long lostAtShutGate() {
    return drops.of(DropCause.HOLD_FULL);
  }

  long missing() {
    return missing;
  }

  long delivered() {
    return delivered;
  }

  Drops drops() {
    return drops;
  }

  long inFlight() {
    return lastSequence;
  }

  /** The receiver makes its cut: from now on white frames are counted as recorded. */
  void cut() {
    deliveredAtCut = delivered;
    queueFullAtCut = drops.of(DropCause.QUEUE_FULL);
    vmGoneAtCut = drops.of(DropCause.VM_GONE);
    recorded = 0;
    closed = false;
  }

  /**
   * The sender's marker has passed the gate after the receiver's cut: the account is final. Frames
   * that never arrived are in it only as far as the marker explains them: if others are missing, it
   * does not balance, as it should.
   *
   * @param marker as it waited
   * @param lostBefore lost at the shut gate before the marker arrived
   * @return false if that was so already
   */
  boolean close(Marker marker, long lostBefore) {
    if (closed) {
      return false;
    }
    closed = true;
    Drops white = marker.drops().copy();
    white.add(DropCause.HOLD_FULL, lostBefore);
    white.add(DropCause.QUEUE_FULL, queueFullAtCut);
    white.add(DropCause.VM_GONE, vmGoneAtCut);
    ChannelRecord.Builder account =
        ChannelRecord.newBuilder()
            .setFrom(from)
            .setTo(to)
            .setSent(marker.sent())
            .setDelivered(deliveredAtCut)
            .setRecorded(recorded)
            .setClosed(true);
    for (int cause = 0; cause < Drops.CAUSES; cause++) {
      if (white.of(cause) > 0) {
        account.addDrops(DropCount.newBuilder().setCauseValue(cause).setFrames(white.of(cause)));
      }
    }
    closing = account.build();
    return true;
  }

  /** The account of the last cut, once it is closed. */
  ChannelRecord closing() {
    return closing;
  }
}
