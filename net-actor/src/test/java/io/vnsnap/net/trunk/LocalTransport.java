package io.vnsnap.net.trunk;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.ManualIoEventLoop;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.local.LocalIoHandler;
import io.netty.channel.local.LocalServerChannel;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import io.vnsnap.net.transport.SocketQueues;
import io.vnsnap.net.transport.Transport;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Connections inside this process, on a loop that runs, and a clock that ticks, when told to. */
final class LocalTransport implements Transport {
  private static final AtomicInteger WORLDS = new AtomicInteger();

  private final String world = "world" + WORLDS.incrementAndGet() + "-";
  private final MockTicker ticker = Ticker.newMockTicker();
  private final ManualIoEventLoop loop =
      new ManualIoEventLoop(null, Thread.currentThread(), LocalIoHandler.newFactory(), ticker);
  private final PooledByteBufAllocator allocator = new PooledByteBufAllocator(true);
  private int ports;
  private long sessions;

  /** Does everything that is due now. */
  void run() {
    while (loop.runNow() > 0) {
      // until nothing is left to do
    }
  }

  void advance(Duration time) {
    ticker.advance(time.toMillis(), TimeUnit.MILLISECONDS);
    run();
  }

  @Override
  public EventLoop loop() {
    return loop;
  }

  @Override
  public long nanos() {
    return ticker.nanoTime();
  }

  @Override
  public ByteBufAllocator allocator() {
    return allocator;
  }

  @Override
  public long bufferBytes() {
    return allocator.pinnedDirectMemory();
  }

  @Override
  public Bootstrap cards() {
    throw new UnsupportedOperationException("no VMs here");
  }

  @Override
  public SocketAddress card(Path socket) {
    throw new UnsupportedOperationException("no VMs here");
  }

  @Override
  public SocketQueues queues(Channel card) {
    throw new UnsupportedOperationException("no VMs here");
  }

  @Override
  public long newSession() {
    return ++sessions;
  }

  @Override
  public Bootstrap connections(Duration userTimeout) {
    return new Bootstrap().group(loop).channel(LocalChannel.class);
  }

  @Override
  public ServerBootstrap listeners() {
    return new ServerBootstrap().group(loop).channel(LocalServerChannel.class);
  }

  @Override
  public SocketAddress remote(String host, int port) {
    return new LocalAddress(world + port);
  }

  @Override
  public SocketAddress local(String host, int port) {
    return remote(host, port > 0 ? port : ++ports);
  }

  @Override
  public int port(SocketAddress listening) {
    return Integer.parseInt(((LocalAddress) listening).id().substring(world.length()));
  }

  @Override
  public void await(Future<?> future) {
    run();
    if (!future.isDone()) {
      throw new IllegalStateException("nothing is left to do, and this is not done: " + future);
    }
  }

  @Override
  public void close() {
    run();
    var unused = loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    run();
  }
}
