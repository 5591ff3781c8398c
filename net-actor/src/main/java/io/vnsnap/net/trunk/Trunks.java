package io.vnsnap.net.trunk;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.vnsnap.net.frame.Flusher;
import io.vnsnap.net.tls.ClusterTls;
import io.vnsnap.net.transport.Transport;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The trunks that begin on this host, made when a channel first needs one. On the event loop. */
public final class Trunks {
  private final Transport transport;
  private final Trunk.Outgoing outgoing;
  private final Flusher flusher;
  private final Map<TrunkTarget, Trunk> open = new HashMap<>();

  /**
   * One for all trunks of an event loop.
   *
   * @param tls null: none
   */
  public Trunks(
      Transport transport,
      ByteBufAllocator allocator,
      TrunkSettings.Sending settings,
      @Nullable ClusterTls tls,
      Flusher flusher) {
    this.transport = transport;
    this.flusher = flusher;
    this.outgoing =
        new Trunk.Outgoing(
            transport
                .connections(settings.userTimeout())
                .option(ChannelOption.ALLOCATOR, allocator)
                .option(
                    ChannelOption.CONNECT_TIMEOUT_MILLIS,
                    Math.toIntExact(settings.connectTimeout().toMillis()))
                .option(
                    ChannelOption.WRITE_BUFFER_WATER_MARK,
                    new WriteBufferWaterMark(settings.writeWindow() / 2, settings.writeWindow())),
            allocator,
            settings,
            tls);
  }

  /** The hop of a channel to another host; to be released with the channel. */
  public TrunkHop hop(TrunkTarget target, ChannelAddress channel) {
    Trunk trunk = open.get(target);
    if (trunk == null) {
      trunk = new Trunk(target, outgoing, transport, flusher, () -> open.remove(target));
      open.put(target, trunk);
      trunk.connect();
    }
    return trunk.hop(channel);
  }

  /** Memory of all records that wait for other hosts or for their acknowledgement, in bytes. */
  public long bytes() {
    long bytes = 0;
    for (Trunk trunk : open.values()) {
      bytes += trunk.bytes();
    }
    return bytes;
  }

  /** Ends all trunks. */
  public void close() {
    List.copyOf(open.values()).forEach(Trunk::close);
  }
}
