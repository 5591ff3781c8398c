package io.vnsnap.net.trunk;

import io.netty.buffer.ByteBuf;
import io.vnsnap.net.gate.Marker;
import io.vnsnap.net.link.NextHop;
import org.jspecify.annotations.Nullable;

/**
 * The hop of one channel over a trunk. Remembers its last marker, and where in the stream it went:
 * if a connection breaks with the marker in it, the next one begins with it.
 */
public final class TrunkHop implements NextHop {
  private final Trunk trunk;
  private final ChannelAddress channel;
  private @Nullable Marker lastMarker;
  private long markerEnd;

  TrunkHop(Trunk trunk, ChannelAddress channel) {
    this.trunk = trunk;
    this.channel = channel;
  }

  @Override
  public boolean frame(int epoch, long sequence, ByteBuf framed) {
    return trunk.append(channel, epoch, sequence, framed);
  }

  @Override
  public boolean early(int epoch, long sequence, long remainingNanos, ByteBuf framed) {
    return trunk.appendEarly(channel, epoch, sequence, remainingNanos, framed);
  }

  @Override
  public void marker(Marker marker) {
    lastMarker = marker;
    markerEnd = trunk.append(channel, marker);
  }

  /** The channel is no more; a trunk without channels ends. */
  public void release() {
    trunk.release(this);
  }

  /** Writes the last marker again if it is not among what still waits. */
  void repeatMarker(ByteBuf out, long handedOver) {
    if (lastMarker != null && markerEnd <= handedOver) {
      TrunkRecords.writeMarker(out, channel, lastMarker);
    }
  }
}
