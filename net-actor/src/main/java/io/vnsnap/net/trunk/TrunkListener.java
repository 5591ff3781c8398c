package io.vnsnap.net.trunk;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.util.collection.LongObjectHashMap;
import io.netty.util.collection.LongObjectMap;
import io.vnsnap.net.frame.Flusher;
import io.vnsnap.net.transport.Transport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes connections from other hosts' trunks and hands what they carry to the networks. On the
 * event loop, except for {@link #bind}.
 */
public final class TrunkListener {
  private static final Logger LOG = LoggerFactory.getLogger(TrunkListener.class);
  private static final int MAX_LOGGED_ADDRESSES = 256;
  private static final int SMALLEST_READ = 2048;
  private static final int FIRST_READ = 64 * 1024;
  private static final int LARGEST_READ = 256 * 1024;

  private final TrunkSettings settings;
  private final Transport transport;
  private final Flusher flusher;
  private final LongObjectMap<Network> networks = new LongObjectHashMap<>();
  private final Map<String, TrunkInbound> byHost = new HashMap<>();
  private final Set<TrunkInbound> connections = new HashSet<>();
  private final Set<String> loggedAddresses = new HashSet<>();
  private @Nullable Channel server;
  private long unknownNetwork;
  private long unknownChannel;
  private long cutOff;

  /** A listener that is not bound yet. */
  public TrunkListener(TrunkSettings settings, Transport transport, Flusher flusher) {
    this.settings = settings;
    this.transport = transport;
    this.flusher = flusher;
  }

  /**
   * Binds the configured address. Blocks for the moment that takes; not to be called on an event
   * loop or by an actor.
   *
   * @return port it listens on
   * @throws IOException with the address in its message, if that cannot be bound
   */
  public int bind(ByteBufAllocator allocator) throws IOException {
    SocketAddress address = transport.local(settings.bindAddress(), settings.port());
    ChannelFuture bound =
        transport
            .listeners()
            .childOption(ChannelOption.ALLOCATOR, allocator)
            .childOption(
                ChannelOption.RECVBUF_ALLOCATOR,
                new AdaptiveRecvByteBufAllocator(SMALLEST_READ, FIRST_READ, LARGEST_READ))
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    accept(channel);
                  }
                })
            .bind(address);
    transport.await(bound);
    if (!bound.isSuccess()) {
      throw new IOException(
          "cannot listen for trunks on %s:%d: %s"
              .formatted(settings.bindAddress(), settings.port(), bound.cause().getMessage()),
          bound.cause());
    }
    Channel listening = bound.channel();
    server = listening;
    return transport.port(listening.localAddress());
  }

  /** From now on the network gets what arrives for it. */
  public void add(long number, Network network) {
    networks.put(number, network);
  }

  /** From now on what arrives for the network is counted and dropped. */
  public void remove(long number) {
    networks.remove(number);
  }

  /** What could not be placed so far. */
  public TrunkCounters counters() {
    return new TrunkCounters(unknownNetwork, unknownChannel, cutOff);
  }

  /** Ends all connections and stops listening. */
  public void close() {
    if (server != null) {
      var unused = server.close();
    }
    Set.copyOf(connections).forEach(TrunkInbound::close);
  }

  private void accept(Channel channel) {
    if (connections.size() >= settings.maxConnections()) {
      LOG.warn(
          "Trunk: refused {}: {} connections are open, as many as"
              + " vnsnap.net.trunk.max-connections allows",
          channel.remoteAddress(),
          connections.size());
      var unused = channel.close();
      return;
    }
    TrunkInbound connection = new TrunkInbound(this, channel, flusher);
    connections.add(connection);
    channel.pipeline().addLast(connection);
    connection.expectHello(settings.helloTimeout());
  }

  /**
   * A peer has said who it is. An older connection of the same host is ended first: nothing that is
   * still in it may come after what the new one brings.
   */
  void identified(String host, TrunkInbound connection) {
    TrunkInbound older = byHost.put(host, connection);
    if (older != null) {
      older.close();
    }
    LOG.info("Trunk from host {} is up ({})", host, connection);
  }

  void ended(TrunkInbound connection, @Nullable String host) {
    connections.remove(connection);
    if (host != null && byHost.remove(host, connection)) {
      LOG.info("Trunk from host {} has ended", host);
    }
  }

  @Nullable Network network(long number) {
    Network network = networks.get(number);
    if (network == null) {
      unknownNetwork++;
    }
    return network;
  }

  void unknownChannel() {
    unknownChannel++;
  }

  /** Counts a peer that sent nonsense, and names it in the log the first time. */
  void cutOff(SocketAddress peer, String why) {
    cutOff++;
    String address =
        peer instanceof InetSocketAddress inet
            ? inet.getAddress().getHostAddress()
            : String.valueOf(peer);
    if (loggedAddresses.size() < MAX_LOGGED_ADDRESSES && loggedAddresses.add(address)) {
      LOG.warn("Trunk: cut off {}: {}", address, why);
    }
  }
}
