package io.vnsnap.net.link;

import io.netty.buffer.ByteBuf;
import io.vnsnap.net.gate.Gate;
import io.vnsnap.net.gate.InChannel;
import io.vnsnap.net.gate.Marker;

/** The hop to a gate on the same host: a call. */
public final class LocalHop implements NextHop {
  private final Gate gate;
  private final InChannel channel;

  /**
   * @param channel that ends at the gate
   */
  public LocalHop(Gate gate, InChannel channel) {
    this.gate = gate;
    this.channel = channel;
  }

  @Override
  public boolean send(int epoch, long first, ByteBuf train, int frames) {
    gate.receive(channel, epoch, first, train, frames);
    return true;
  }

  @Override
  public boolean early(int epoch, long sequence, long remainingNanos, ByteBuf framed) {
    gate.receiveEarly(channel, epoch, sequence, remainingNanos, framed);
    return true;
  }

  @Override
  public void marker(Marker marker) {
    gate.receive(channel, marker);
  }
}
