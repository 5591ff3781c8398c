package io.vnsnap.net.link;

import io.netty.buffer.ByteBuf;
import io.vnsnap.net.frame.Drops;
import io.vnsnap.net.gate.Marker;
import io.vnsnap.proto.DropCause;

/**
 * The sending end of a channel: numbers the frames, from 1 on, without a gap, as they leave the
 * link. A frame that the link loses takes a number too, so the receiver sees that it is missing. On
 * the event loop.
 */
public final class OutChannel {
  private final NextHop hop;
  private final Drops drops = new Drops();
  private long sent;
  private int lastEpoch;

  /**
   * @param inFlight frames of a restored channel that are in its log: they have the first numbers
   */
  public OutChannel(NextHop hop, long inFlight) {
    this.hop = hop;
    this.sent = inFlight;
  }

  /**
   * Sends a train.
   *
   * @param train borrowed
   */
  void send(int epoch, ByteBuf train, int frames) {
    // Epochs on a channel never fall, although a frame that skips a delay may overtake one that was
    // sent before a cut that was given up. Frames of such a cut are of the epoch after it.
    lastEpoch = Math.max(lastEpoch, epoch);
    long first = sent + 1;
    sent += frames;
    if (!hop.send(lastEpoch, first, train, frames)) {
      drops.add(DropCause.TRUNK_FULL, frames);
    }
  }

  /**
   * Sends a frame that the link was still delaying when its sender made a cut.
   *
   * @param remainingNanos that are left of its delay; more than 0
   * @param framed borrowed
   */
  void sendEarly(int epoch, long remainingNanos, ByteBuf framed) {
    lastEpoch = Math.max(lastEpoch, epoch);
    sent++;
    if (!hop.early(lastEpoch, sent, remainingNanos, framed)) {
      drops.add(DropCause.TRUNK_FULL);
    }
  }

  /** Counts a frame that the link has lost. */
  void lose(DropCause cause) {
    sent++;
    drops.add(cause);
  }

  void mark(int epoch) {
    lastEpoch = Math.max(lastEpoch, epoch);
    hop.marker(new Marker(epoch, sent, drops.copy()));
  }

  Drops lost() {
    return drops;
  }

  long sent() {
    return sent;
  }
}
