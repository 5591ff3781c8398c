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
import io.vnsnap.net.link.NextHop;
import io.vnsnap.net.tls.ClusterTls;
import io.vnsnap.net.transport.Transport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
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
  private final @Nullable ClusterTls tls;
  private final Flusher flusher;
  private final ReadValve valve;
  private final TrunkSessions sessions;
  private final LongObjectMap<Network> networks = new LongObjectHashMap<>();
  private final Set<TrunkInbound> connections = new LinkedHashSet<>();
  private final Set<String> loggedAddresses = new HashSet<>();
  private @Nullable Channel server;
  private long unknownNetwork;
  private long unknownChannel;
  private long cutOff;

  /**
   * A listener that is not bound yet.
   *
   * @param tls null: none
   * @param waitingBytes memory of the frames that wait on this host
   */
  public TrunkListener(
      TrunkSettings settings,
      Transport transport,
      @Nullable ClusterTls tls,
      Flusher flusher,
      LongSupplier waitingBytes) {
    this.settings = settings;
    this.transport = transport;
    this.tls = tls;
    this.flusher = flusher;
    this.sessions = new TrunkSessions(settings.receiving().maxConnections());
    this.valve =
        new ReadValve(transport, waitingBytes, settings.receiving().readLimit(), this::read);
  }

  /**
   * Binds the configured address. Blocks for the moment that takes; not to be called on an event
   * loop or by an actor.
   *
   * @return port it listens on
   * @throws IOException with the address in its message, if that cannot be bound
   */
  public int bind(ByteBufAllocator allocator) throws IOException {
    TrunkSettings.Place place = settings.place();
    SocketAddress address = transport.local(place.bindAddress(), place.port());
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
          "cannot listen for trunks on %s:%d (--trunk-port, vnsnap.net.trunk.port): %s"
              .formatted(place.bindAddress(), place.port(), bound.cause().getMessage()),
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
    return new TrunkCounters(unknownNetwork, unknownChannel, cutOff, valve.closings());
  }

  /** Ends all connections and stops listening. */
  public void close() {
    if (server != null) {
      var unused = server.close();
    }
    List.copyOf(connections).forEach(TrunkInbound::close);
    TrunkCounters counters = counters();
    if (!counters.isNothing()) {
      LOG.info(
          "Trunks from other hosts are closed; records for a VNE that is not here {}, for a channel that it does not have {}; connections cut off {}; times that too much waited to read on {}",
          counters.unknownNetwork(),
          counters.unknownChannel(),
          counters.cutOff(),
          counters.readPauses());
    }
  }

  private void accept(Channel channel) {
    int most = settings.receiving().maxConnections();
    if (connections.size() >= most) {
      cutOff(
          channel.remoteAddress(),
          "%d connections are open, as many as vnsnap.net.trunk.max-connections allows"
              .formatted(most));
      var unused = channel.close();
      return;
    }
    TrunkInbound connection = new TrunkInbound(this, tls, channel);
    connections.add(connection);
    if (tls != null) {
      channel.pipeline().addLast(tls.server(channel.alloc()));
    }
    channel.pipeline().addLast(connection);
  }

  TrunkSettings.Receiving settings() {
    return settings.receiving();
  }

  /** A peer has said who it is, and which session it continues. */
  TrunkSessions.Session identified(TrunkRecords.Hello hello, TrunkInbound connection)
      throws NonsenseException {
    TrunkSessions.Session session = sessions.open(hello, connection);
    if (valve.isShut()) {
      connection.read(false);
    }
    LOG.debug("Trunk from host {} is up ({})", hello.host(), connection);
    return session;
  }

  void ended(TrunkInbound connection, TrunkSessions.@Nullable Session session) {
    connections.remove(connection);
    if (session != null) {
      sessions.ended(session, connection);
      LOG.debug("Trunk from host {} has ended ({})", session.host(), connection);
    }
  }

  /** Where a record from this host goes; null, and counted, if nowhere. */
  @Nullable NextHop hop(String host, long number, int from, int to) {
    Network network = networks.get(number);
    if (network == null) {
      unknownNetwork++;
      return null;
    }
    NextHop hop = network.channel(host, from, to);
    if (hop == null) {
      unknownChannel++;
    }
    return hop;
  }

  /** So many bytes were read from some connection. */
  void read(int bytes) {
    valve.read(bytes);
  }

  /** A batch was read from some connection. */
  void afterRead() {
    flusher.flush();
    valve.check();
  }

  private void read(boolean on) {
    for (TrunkInbound connection : connections) {
      if (connection.isIdentified()) {
        connection.read(on);
      }
    }
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
