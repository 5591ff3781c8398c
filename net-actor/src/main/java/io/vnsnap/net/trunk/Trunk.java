package io.vnsnap.net.trunk;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.util.ReferenceCountUtil;
import io.vnsnap.net.frame.Flusher;
import io.vnsnap.net.gate.Marker;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sending end of the trunk to one host. Connects when it is made, again after each break, and
 * ends with its last channel.
 *
 * <p>What the socket layer had taken when a connection broke is lost as far as this end knows; the
 * receiver counts what did not arrive by the gap in the sequence numbers. Markers are not lost: the
 * next connection begins with the last one of each channel, unless that still waits. What still
 * waits goes on in order. So the order on every channel is kept, and nothing comes twice but
 * markers.
 *
 * <p>On the event loop.
 */
final class Trunk extends ChannelInboundHandlerAdapter implements Flusher.Flushable {
  private static final Logger LOG = LoggerFactory.getLogger(Trunk.class);
  private static final int BATCH_BYTES = 32 * 1024;

  private final TrunkTarget target;
  private final Bootstrap bootstrap;
  private final EventLoop loop;
  private final ByteBufAllocator allocator;
  private final TrunkSettings settings;
  private final Flusher flusher;
  private final Runnable whenUnused;
  private final Set<TrunkHop> hops = new HashSet<>();
  private final ArrayDeque<ByteBuf> batches = new ArrayDeque<>();
  private long queuedBytes;
  private long appendedBytes;
  private @Nullable Channel channel;
  private @Nullable Future<?> retry;
  private long backoffNanos;
  private long upSinceNanos;
  private boolean complained;
  private boolean unflushed;
  private boolean closed;

  Trunk(
      TrunkTarget target,
      Bootstrap bootstrap,
      ByteBufAllocator allocator,
      TrunkSettings settings,
      Flusher flusher,
      Runnable whenUnused) {
    this.target = target;
    this.bootstrap = bootstrap;
    this.loop = (EventLoop) bootstrap.config().group();
    this.allocator = allocator;
    this.settings = settings;
    this.flusher = flusher;
    this.whenUnused = whenUnused;
    this.backoffNanos = settings.firstBackoff().toNanos();
  }

  TrunkHop hop(ChannelAddress address) {
    TrunkHop hop = new TrunkHop(this, address);
    hops.add(hop);
    return hop;
  }

  void release(TrunkHop hop) {
    if (hops.remove(hop) && hops.isEmpty()) {
      close();
    }
  }

  /** Queues a frame; false if there is no room. */
  boolean append(ChannelAddress address, int epoch, long sequence, ByteBuf framed) {
    int size = TrunkRecords.FRAME_OVERHEAD + framed.readableBytes();
    if (!fits(size)) {
      return false;
    }
    TrunkRecords.writeFrame(room(size), address, epoch, sequence, framed);
    appended(size);
    return true;
  }

  /** Queues a frame that is not due yet; false if there is no room. */
  boolean appendEarly(
      ChannelAddress address, int epoch, long sequence, long remainingNanos, ByteBuf framed) {
    int size = TrunkRecords.EARLY_OVERHEAD + framed.readableBytes();
    if (!fits(size)) {
      return false;
    }
    TrunkRecords.writeEarly(room(size), address, epoch, sequence, remainingNanos, framed);
    appended(size);
    return true;
  }

  private boolean fits(int size) {
    if (queuedBytes + size > settings.queueBytes()) {
      flushNow();
    }
    return queuedBytes + size <= settings.queueBytes();
  }

  /**
   * Queues a marker.
   *
   * @return position in the stream of records at which it ends
   */
  long append(ChannelAddress address, Marker marker) {
    int size = TrunkRecords.MARKER_SIZE;
    if (queuedBytes + size > settings.queueBytes() + settings.markerReserve()) {
      // The marker must not be lost: rather everything else is, and the next connection begins
      // with the markers.
      complain("too many markers wait for it; what waits is given up");
      discardQueue();
      disconnect();
      return appendedBytes;
    }
    TrunkRecords.writeMarker(room(size), address, marker);
    appended(size);
    return appendedBytes;
  }

  private ByteBuf room(int size) {
    ByteBuf last = batches.peekLast();
    if (last == null || last.writableBytes() < size) {
      int capacity = Math.max(BATCH_BYTES, size);
      last = allocator.directBuffer(capacity, capacity);
      batches.addLast(last);
    }
    return last;
  }

  private void appended(int size) {
    queuedBytes += size;
    appendedBytes += size;
    if (!unflushed) {
      unflushed = true;
      flusher.add(this);
    }
  }

  @Override
  public void flushNow() {
    unflushed = false;
    Channel connected = channel;
    if (connected == null) {
      return;
    }
    while (!batches.isEmpty() && connected.isWritable()) {
      ByteBuf batch = batches.removeFirst();
      queuedBytes -= batch.readableBytes();
      var unused = connected.write(batch, connected.voidPromise());
    }
    connected.flush();
  }

  void connect() {
    retry = null;
    if (closed) {
      return;
    }
    ChannelFuture attempt = bootstrap.clone().handler(this).connect(target.host(), target.port());
    attempt.addListener(done -> {
      if (!done.isSuccess()) {
        complain(String.valueOf(done.cause().getMessage()));
        retryLater();
      }
    });
  }

  @Override
  public boolean isSharable() {
    return true; // used by one connection after another, never by two at a time
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    Channel connected = context.channel();
    if (closed) {
      var unused = connected.close();
      return;
    }
    LOG.info("Trunk to host {} is up", target);
    upSinceNanos = System.nanoTime();
    channel = connected;
    ByteBuf first =
        allocator.directBuffer(TrunkRecords.MAX_HELLO + 4 + hops.size() * TrunkRecords.MARKER_SIZE);
    TrunkRecords.writeHello(first, target.sender());
    long handedOver = appendedBytes - queuedBytes;
    hops.forEach(hop -> hop.repeatMarker(first, handedOver));
    var unused = connected.write(first, connected.voidPromise());
    flushNow();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    disconnect();
    if (System.nanoTime() - upSinceNanos > settings.maxBackoff().toNanos()) {
      // It has worked for a while: not a peer that takes connections only to end them.
      complained = false;
      backoffNanos = settings.firstBackoff().toNanos();
    }
    if (!closed) {
      complain("the connection has ended");
      retryLater();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (channel != null && channel.isWritable()) {
      flushNow();
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ReferenceCountUtil.release(message); // a receiving end says nothing
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    complain(String.valueOf(cause.getMessage()));
    var unused = context.close();
  }

  private void retryLater() {
    if (closed || retry != null || loop.isShuttingDown()) {
      return;
    }
    retry = loop.schedule(this::connect, backoffNanos, TimeUnit.NANOSECONDS);
    backoffNanos = Math.min(2 * backoffNanos, settings.maxBackoff().toNanos());
  }

  private void complain(String why) {
    if (!complained) {
      complained = true;
      LOG.warn("Trunk to host {} is down: {}; trying again", target, why);
    }
  }

  private void discardQueue() {
    batches.forEach(ByteBuf::release);
    batches.clear();
    queuedBytes = 0;
  }

  void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (retry != null) {
      retry.cancel(false);
    }
    discardQueue();
    disconnect();
    whenUnused.run();
  }

  private void disconnect() {
    Channel connected = channel;
    channel = null;
    if (connected != null) {
      var unused = connected.close();
    }
  }
}
