package io.vnsnap.net.link;

import io.netty.buffer.ByteBuf;
import io.netty.util.collection.LongObjectHashMap;
import io.netty.util.collection.LongObjectMap;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.net.gate.Egress;
import java.util.ArrayList;
import java.util.List;

/**
 * The place of one VNIC at its link's switch. The topology says which address is where, so nothing
 * is learned: broadcast, multicast and unknown addresses are flooded to all others. On the event
 * loop.
 */
public final class SwitchPort implements Egress {
  private final long mac;
  private final List<OutChannel> others = new ArrayList<>();
  private final LongObjectMap<OutChannel> byMac = new LongObjectHashMap<>();

  /**
   * @param mac address of the VNIC itself: a frame to it goes nowhere
   */
  public SwitchPort(long mac) {
    this.mac = mac;
  }

  /** Adds the channel to another VNIC of the link; before the switch is used. */
  public void add(long otherMac, OutChannel channel) {
    others.add(channel);
    byMac.put(otherMac, channel);
  }

  @Override
  public void frame(int epoch, ByteBuf framed) {
    long destination = Framing.destination(framed);
    OutChannel known = byMac.get(destination);
    if (known != null) {
      known.send(epoch, framed);
    } else if (destination != mac) {
      for (int i = 0; i < others.size(); i++) {
        others.get(i).send(epoch, framed);
      }
    }
  }

  @Override
  public void mark(int epoch) {
    others.forEach(channel -> channel.mark(epoch));
  }

  @Override
  public long sent() {
    return others.stream().mapToLong(OutChannel::sent).sum();
  }
}
