package io.vnsnap.net.gate;

import io.vnsnap.net.frame.Drops;
import io.vnsnap.proto.DropCause;

/**
 * The control record that ends the white frames of a channel.
 *
 * @param epoch the sender's, after its cut
 * @param sent frames sent on the channel before the cut, in the whole generation
 * @param drops those of them that the sender's side dropped; not changed any more
 */
public record Marker(int epoch, long sent, Drops drops) {

  /** The same, with so many frames more that the trunk had taken and gave up. */
  public Marker withBroken(long frames) {
    if (frames == 0) {
      return this;
    }
    Drops more = drops.copy();
    more.add(DropCause.TRUNK_BROKEN, frames);
    return new Marker(epoch, sent, more);
  }
}
