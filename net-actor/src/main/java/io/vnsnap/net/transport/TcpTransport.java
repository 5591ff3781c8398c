package io.vnsnap.net.transport;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** TCP, and UNIX sockets to VMs, on an event loop with a thread of its own. */
public final class TcpTransport implements Transport {
  private static final long CLOSE_TIMEOUT_MS = 5000;

  private final PooledByteBufAllocator allocator = new PooledByteBufAllocator(true);
  private final SecureRandom random = new SecureRandom();
  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(
          1, new DefaultThreadFactory("vnsnap-net", true), EpollIoHandler.newFactory());
  private final EventLoop loop = group.next();

  /** Starts the event loop. */
  public TcpTransport() {}

  @Override
  public EventLoop loop() {
    return loop;
  }

  @Override
  public long nanos() {
    return System.nanoTime();
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
  public long newSession() {
    return random.nextLong();
  }

  @Override
  public Bootstrap connections(Duration userTimeout) {
    return new Bootstrap()
        .group(loop)
        .channel(EpollSocketChannel.class)
        .resolver(new NameLookup())
        .option(ChannelOption.TCP_NODELAY, true)
        .option(ChannelOption.SO_KEEPALIVE, true)
        .option(EpollChannelOption.TCP_USER_TIMEOUT, Math.toIntExact(userTimeout.toMillis()));
  }

  @Override
  public ServerBootstrap listeners() {
    return new ServerBootstrap()
        .group(loop)
        .channel(EpollServerSocketChannel.class)
        .option(ChannelOption.SO_REUSEADDR, true)
        .childOption(ChannelOption.TCP_NODELAY, true)
        .childOption(ChannelOption.SO_KEEPALIVE, true);
  }

  @Override
  public Bootstrap cards() {
    return new Bootstrap().group(loop).channel(EpollDomainSocketChannel.class);
  }

  @Override
  public SocketAddress card(Path socket) {
    return new DomainSocketAddress(socket.toFile());
  }

  @Override
  public SocketQueues queues(Channel card) {
    return new KernelQueues(((EpollDomainSocketChannel) card).fd().intValue());
  }

  @Override
  public SocketAddress remote(String host, int port) {
    return InetSocketAddress.createUnresolved(host, port);
  }

  @Override
  public SocketAddress local(String host, int port) throws IOException {
    InetSocketAddress address = new InetSocketAddress(host, port);
    if (address.isUnresolved()) {
      throw new IOException("cannot look up the address " + host);
    }
    return address;
  }

  @Override
  public int port(SocketAddress listening) {
    return ((InetSocketAddress) listening).getPort();
  }

  @Override
  public void await(Future<?> future) {
    future.awaitUninterruptibly();
  }

  @Override
  public void close() {
    group.shutdownGracefully(0, CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS).syncUninterruptibly();
  }
}
