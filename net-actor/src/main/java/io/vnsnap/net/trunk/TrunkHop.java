package io.vnsnap.net.trunk;

import io.netty.buffer.ByteBuf;
import io.vnsnap.net.gate.Marker;
import io.vnsnap.net.link.NextHop;

/** The hop of one channel over a trunk. Its markers tell what the trunk had to give up. */
public final class TrunkHop implements NextHop {
  private final Trunk trunk;
  private final ChannelAddress channel;
  private long lost;

  TrunkHop(Trunk trunk, ChannelAddress channel) {
    this.trunk = trunk;
    this.channel = channel;
  }

  @Override
  public boolean send(int epoch, long first, ByteBuf train, int frames) {
    return trunk.append(channel, epoch, first, train, frames);
  }

  @Override
  public boolean early(int epoch, long sequence, long remainingNanos, ByteBuf framed) {
    return trunk.appendEarly(channel, epoch, sequence, remainingNanos, framed);
  }

  @Override
  public void marker(Marker marker) {
    trunk.makeRoomForMarker();
    trunk.append(channel, marker.withBroken(lost));
  }

  /** The channel is no more; a trunk without channels ends. */
  public void release() {
    trunk.release(channel);
  }

  /** Frames that were taken here will not be sent. */
  void lose(long frames) {
    lost += frames;
  }
}
