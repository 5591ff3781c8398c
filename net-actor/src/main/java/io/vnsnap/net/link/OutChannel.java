package io.vnsnap.net.link;

import io.netty.buffer.ByteBuf;
import io.vnsnap.net.frame.Drops;
import io.vnsnap.net.gate.Marker;
import io.vnsnap.proto.DropCause;

/**
 * The sending end of a channel: numbers the frames, from 1 on, without a gap. On the event loop.
 */
public final class OutChannel {
  private final NextHop hop;
  private final Drops drops = new Drops();
  private long sent;

  /**
   * @param inFlight frames of a restored channel that are in its log: they have the first numbers
   */
  public OutChannel(NextHop hop, long inFlight) {
    this.hop = hop;
    this.sent = inFlight;
  }

  void send(int epoch, ByteBuf framed) {
    sent++;
    if (!hop.frame(epoch, sent, framed)) {
      drops.add(DropCause.TRUNK_FULL);
    }
  }

  void mark(int epoch) {
    hop.marker(new Marker(epoch, sent, drops.copy()));
  }

  long sent() {
    return sent;
  }
}
