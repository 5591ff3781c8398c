package io.vnsnap.net.link;

import io.netty.buffer.ByteBuf;
import io.netty.util.collection.LongObjectHashMap;
import io.netty.util.collection.LongObjectMap;
import io.vnsnap.net.frame.BadInput;
import io.vnsnap.net.frame.Drops;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.net.gate.Egress;
import io.vnsnap.proto.DropCause;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The place of one VNIC at its link's switch. The topology says which address is where, so nothing
 * is learned: broadcast, multicast and unknown addresses are flooded to all others. On the event
 * loop.
 */
public final class SwitchPort implements Egress {
  /** No address, which has 48 bits. */
  private static final long NOWHERE = -1;

  private final long mac;
  private final List<OutChannel> others = new ArrayList<>();
  private final LongObjectMap<OutChannel> byMac = new LongObjectHashMap<>();

  /** Where the last train went: the next one often goes there too. */
  private long lastDestination = NOWHERE;

  private @Nullable OutChannel lastKnown;

  /**
   * @param mac address of the VNIC itself: a frame to it goes nowhere, one from another is refused
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
  public @Nullable BadInput fault(long sourceAndType) {
    if (Framing.source(sourceAndType) != mac) {
      return BadInput.FORGED_SOURCE;
    }
    return Framing.isTagged(Framing.type(sourceAndType)) ? BadInput.VLAN_TAG : null;
  }

  @Override
  public void send(int epoch, ByteBuf train, int frames) {
    long destination = Framing.destination(train);
    OutChannel known = channelTo(destination);
    if (known != null) {
      known.send(epoch, train, frames);
    } else if (destination != mac) {
      for (int i = 0; i < others.size(); i++) {
        others.get(i).send(epoch, train, frames);
      }
    }
  }

  /**
   * Switches a frame that the link was still delaying when its sender made a cut.
   *
   * @param remainingNanos that are left of its delay; more than 0
   * @param framed borrowed
   */
  void sendEarly(int epoch, long remainingNanos, ByteBuf framed) {
    long destination = Framing.destination(framed);
    OutChannel known = channelTo(destination);
    if (known != null) {
      known.sendEarly(epoch, remainingNanos, framed);
    } else if (destination != mac) {
      others.forEach(channel -> channel.sendEarly(epoch, remainingNanos, framed));
    }
  }

  private @Nullable OutChannel channelTo(long destination) {
    if (destination != lastDestination) {
      lastDestination = destination;
      lastKnown = byMac.get(destination);
    }
    return lastKnown;
  }

  /** Counts a frame that the link has lost on all channels that it would have been sent on. */
  void lose(DropCause cause, ByteBuf framed) {
    long destination = Framing.destination(framed);
    OutChannel known = channelTo(destination);
    if (known != null) {
      known.lose(cause);
    } else if (destination != mac) {
      others.forEach(channel -> channel.lose(cause));
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

  @Override
  public Drops lost() {
    Drops lost = new Drops();
    others.forEach(channel -> lost.add(channel.lost()));
    return lost;
  }

  @Override
  public long keptBack() {
    return 0;
  }

  @Override
  public void close() {
    // nothing is kept here
  }
}
