package io.vnsnap.net.trunk;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.vnsnap.net.frame.Flusher;
import io.vnsnap.net.gate.Marker;
import io.vnsnap.net.tls.ClusterTls;
import io.vnsnap.net.transport.Transport;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sending end of the trunk to one host. Connects when it is made, again after each break, and
 * ends with its last channel.
 *
 * <p>Design note. Frames and markers share one row of numbered records, so that their order is
 * kept. The receiver acknowledges what it has taken in; until then a record is kept. A new
 * connection begins with the receiver saying what it has, and goes on right after that: nothing is
 * lost by a break, nothing comes twice, nothing overtakes. If the receiver has forgotten the
 * session, because it was restarted, it is sent all that was not acknowledged.
 *
 * <p>A receiver that is slow, or away, lets the queue fill up. Then frames are refused, and counted
 * by their channels; markers are not, up to a reserve; beyond that, waiting frames are given up and
 * counted in the markers that follow them. So whatever is dropped is dropped here, before it was
 * sent, and is in the account of its channel.
 *
 * <p>On the event loop.
 */
final class Trunk implements Flusher.Flushable {
  private static final Logger LOG = LoggerFactory.getLogger(Trunk.class);

  private final TrunkTarget target;
  private final Transport transport;
  private final TrunkSettings.Sending settings;
  private final Flusher flusher;
  private final Runnable whenUnused;
  private final Bootstrap bootstrap;
  private final long session;
  private final TrunkQueue queue;
  private final Map<ChannelAddress, TrunkHop> hops = new HashMap<>();
  private @Nullable TrunkOutbound connection;
  private @Nullable Future<?> retry;
  private boolean welcomed;
  private long backoffNanos;
  private long upSinceNanos;
  private boolean complained;
  private boolean announced;
  private boolean unflushed;
  private boolean closed;
  private long refused;
  private long givenUp;

  Trunk(
      TrunkTarget target,
      Outgoing outgoing,
      Transport transport,
      Flusher flusher,
      Runnable whenUnused) {
    this.target = target;
    this.transport = transport;
    this.settings = outgoing.settings();
    this.flusher = flusher;
    this.whenUnused = whenUnused;
    this.session = transport.newSession();
    this.queue =
        new TrunkQueue(outgoing.allocator(), settings.queueBytes(), settings.markerReserve());
    this.backoffNanos = settings.firstBackoff().toNanos();
    this.bootstrap =
        outgoing
            .bootstrap()
            .clone()
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    if (outgoing.tls() != null) {
                      channel.pipeline().addLast(outgoing.tls().client(channel.alloc()));
                    }
                    channel
                        .pipeline()
                        .addLast(new TrunkOutbound(Trunk.this, outgoing.tls(), channel));
                  }
                });
  }

  /**
   * What all trunks of a host have in common.
   *
   * @param bootstrap for their connections
   * @param tls null: none
   */
  record Outgoing(
      Bootstrap bootstrap,
      ByteBufAllocator allocator,
      TrunkSettings.Sending settings,
      @Nullable ClusterTls tls) {}

  TrunkHop hop(ChannelAddress address) {
    TrunkHop hop = new TrunkHop(this, address);
    hops.put(address, hop);
    return hop;
  }

  void release(ChannelAddress address) {
    if (hops.remove(address) != null && hops.isEmpty()) {
      close();
    }
  }

  /** Queues a train; false if there is no room. */
  boolean append(ChannelAddress address, int epoch, long first, ByteBuf train, int frames) {
    if (!queue.add(address, epoch, first, train)) {
      return refuse(frames);
    }
    appended();
    return true;
  }

  /** Queues a frame that is not due yet; false if there is no room. */
  boolean appendEarly(
      ChannelAddress address, int epoch, long sequence, long remainingNanos, ByteBuf framed) {
    if (!queue.addEarly(address, epoch, sequence, remainingNanos, framed)) {
      return refuse(1);
    }
    appended();
    return true;
  }

  private boolean refuse(int frames) {
    if (refused == 0) {
      LOG.warn(
          "Trunk to host {} is full: frames for it are dropped and counted (TRUNK_FULL). It is out of reach, or slower than what is sent to it; if that passes, raise vnsnap.net.trunk.queue-bytes, {} bytes here",
          target,
          settings.queueBytes());
    }
    refused += frames;
    return false;
  }

  /** Gives up what waits if the next marker would not fit. */
  void makeRoomForMarker() {
    if (!queue.hasRoomForMarker()) {
      LOG.warn(
          "Trunk to host {}: what waits for it is given up, for the markers that must not be lost",
          target);
      queue.giveUpFrames((channel, frames) -> {
        givenUp += frames;
        TrunkHop hop = hops.get(channel);
        if (hop != null) {
          hop.lose(frames);
        }
      });
    }
  }

  /** Queues a marker. */
  void append(ChannelAddress address, Marker marker) {
    queue.add(address, marker);
    appended();
  }

  private void appended() {
    if (!unflushed) {
      unflushed = true;
      flusher.add(this);
    }
  }

  @Override
  public void flushNow() {
    unflushed = false;
    TrunkOutbound out = connection;
    if (out == null || !welcomed) {
      return;
    }
    while (out.isWritable()) {
      ByteBuf next = queue.poll();
      if (next == null) {
        break;
      }
      out.write(next);
    }
    out.flush();
  }

  /** Memory of the records that wait or are not acknowledged. */
  long bytes() {
    return queue.bytes();
  }

  TrunkSettings.Sending settings() {
    return settings;
  }

  void connect() {
    retry = null;
    if (closed) {
      return;
    }
    ChannelFuture attempt = bootstrap.connect(transport.remote(target.host(), target.port()));
    attempt.addListener(done -> {
      if (!done.isSuccess()) {
        complain(String.valueOf(done.cause().getMessage()));
        retryLater();
      }
    });
  }

  // What the connection reports.

  void connected(TrunkOutbound out) {
    if (closed) {
      out.close();
    } else {
      connection = out;
    }
  }

  TrunkRecords.Hello hello() {
    return new TrunkRecords.Hello(target.sender(), session, queue.first());
  }

  /** The receiver goes on after this record. */
  void welcomed(TrunkOutbound out, long received) throws NonsenseException {
    requirePlausible(received);
    if (!announced) {
      announced = true;
      LOG.info("Trunk to host {} is up", target);
    }
    upSinceNanos = transport.nanos();
    welcomed = true;
    queue.resumeAfter(received);
    flushNow();
  }

  void acknowledged(long received) throws NonsenseException {
    requirePlausible(received);
    queue.acknowledge(received);
  }

  private void requirePlausible(long received) throws NonsenseException {
    if (!queue.isPlausible(received)) {
      throw new NonsenseException("it has record %d, which was not sent".formatted(received));
    }
  }

  void ended(TrunkOutbound out, String why) {
    if (out != connection) {
      return;
    }
    connection = null;
    if (welcomed && transport.nanos() - upSinceNanos > settings.maxBackoff().toNanos()) {
      // It has worked for a while: not a peer that takes connections only to end them.
      complained = false;
      backoffNanos = settings.firstBackoff().toNanos();
    }
    welcomed = false;
    complain(why);
    retryLater();
  }

  private void retryLater() {
    if (closed || retry != null || transport.loop().isShuttingDown()) {
      return;
    }
    retry = transport.loop().schedule(this::connect, backoffNanos, TimeUnit.NANOSECONDS);
    backoffNanos = Math.min(2 * backoffNanos, settings.maxBackoff().toNanos());
  }

  private void complain(String why) {
    if (!complained && !closed) {
      complained = true;
      announced = false;
      LOG.warn("Trunk to host {} is down: {}; trying again", target, why);
    }
  }

  void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (retry != null) {
      retry.cancel(false);
    }
    if (connection != null) {
      connection.close();
    }
    if (refused + givenUp > 0) {
      LOG.info(
          "Trunk to host {} is closed; frames for it were dropped: TRUNK_FULL {}, TRUNK_BROKEN {}",
          target,
          refused,
          givenUp);
    }
    queue.clear();
    whenUnused.run();
  }
}
