package io.vnsnap.net.trunk;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.vnsnap.net.frame.Flusher;
import io.vnsnap.net.transport.Transport;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The trunks that begin on this host, made when a channel first needs one. On the event loop. */
public final class Trunks {
  private final Transport transport;
  private final Bootstrap bootstrap;
  private final ByteBufAllocator allocator;
  private final TrunkSettings settings;
  private final Flusher flusher;
  private final Map<TrunkTarget, Trunk> open = new HashMap<>();

  /** One for all trunks of an event loop. */
  public Trunks(
      Transport transport, ByteBufAllocator allocator, TrunkSettings settings, Flusher flusher) {
    this.transport = transport;
    this.allocator = allocator;
    this.settings = settings;
    this.flusher = flusher;
    this.bootstrap =
        transport
            .connections(settings.userTimeout())
            .option(ChannelOption.ALLOCATOR, allocator)
            .option(
                ChannelOption.CONNECT_TIMEOUT_MILLIS,
                Math.toIntExact(settings.connectTimeout().toMillis()))
            .option(
                ChannelOption.WRITE_BUFFER_WATER_MARK,
                new WriteBufferWaterMark(settings.writeWindow() / 2, settings.writeWindow()));
  }

  /** The hop of a channel to another host; to be released with the channel. */
  public TrunkHop hop(TrunkTarget target, ChannelAddress channel) {
    Trunk trunk = open.get(target);
    if (trunk == null) {
      trunk =
          new Trunk(
              target,
              transport,
              bootstrap,
              allocator,
              settings,
              flusher,
              () -> open.remove(target));
      open.put(target, trunk);
      trunk.connect();
    }
    return trunk.hop(channel);
  }

  /** Ends all trunks. */
  public void close() {
    List.copyOf(open.values()).forEach(Trunk::close);
  }
}
