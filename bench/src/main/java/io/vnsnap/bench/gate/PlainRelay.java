package io.vnsnap.bench.gate;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.net.frame.RecordSplitter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * What VNsnap is compared with: one event loop of the same library that reads frames from one
 * socket and copies each to another, with the same buffer sizes; no gate, no counts, no link.
 */
final class PlainRelay implements AutoCloseable {
  /** How the names of its threads start. */
  static final String THREADS = "bench-relay";

  private static final int SMALLEST_READ = 2048;
  private static final int FIRST_READ = 16 * 1024;
  private static final int LARGEST_READ = 128 * 1024;
  private static final int BATCH_BYTES = 64 * 1024;
  private static final WriteBufferWaterMark WINDOW =
      new WriteBufferWaterMark(64 * 1024, 128 * 1024);

  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(
          1, new DefaultThreadFactory(THREADS, true), EpollIoHandler.newFactory());
  private final PooledByteBufAllocator allocator = new PooledByteBufAllocator(true);

  private PlainRelay() {}

  /** From one guest to another. */
  static PlainRelay between(Path from, Path to) {
    PlainRelay relay = new PlainRelay();
    Channel out = relay.connect(new DomainSocketAddress(to.toFile()));
    read(relay.connect(new DomainSocketAddress(from.toFile())), out);
    return relay;
  }

  /** From a guest to a port of this machine. */
  static PlainRelay toPort(Path from, int port) {
    PlainRelay relay = new PlainRelay();
    Channel out = relay.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    read(relay.connect(new DomainSocketAddress(from.toFile())), out);
    return relay;
  }

  /** From a port of this machine, which {@link #port} tells, to a guest. */
  static PlainRelay fromPort(Path to) {
    PlainRelay relay = new PlainRelay();
    Channel out = relay.connect(new DomainSocketAddress(to.toFile()));
    relay.listen(out);
    return relay;
  }

  private int port;

  int port() {
    return port;
  }

  private void listen(Channel out) {
    Channel server =
        new ServerBootstrap()
            .group(group)
            .channel(EpollServerSocketChannel.class)
            .childOption(ChannelOption.ALLOCATOR, allocator)
            .childOption(ChannelOption.AUTO_READ, false)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel in) {
                    read(in, out);
                  }
                })
            .bind(InetAddress.getLoopbackAddress(), 0)
            .syncUninterruptibly()
            .channel();
    port = ((InetSocketAddress) server.localAddress()).getPort();
  }

  private Channel connect(SocketAddress address) {
    Bootstrap bootstrap =
        new Bootstrap()
            .group(group)
            .channel(
                address instanceof InetSocketAddress
                    ? EpollSocketChannel.class
                    : EpollDomainSocketChannel.class)
            .option(ChannelOption.ALLOCATOR, allocator)
            .option(ChannelOption.AUTO_READ, false)
            .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WINDOW)
            .option(
                ChannelOption.RECVBUF_ALLOCATOR,
                new AdaptiveRecvByteBufAllocator(SMALLEST_READ, FIRST_READ, LARGEST_READ))
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    // see read
                  }
                });
    if (address instanceof InetSocketAddress) {
      bootstrap.option(ChannelOption.TCP_NODELAY, true);
    }
    return bootstrap.connect(address).syncUninterruptibly().channel();
  }

  private static void read(Channel in, Channel out) {
    in.pipeline().addLast(new Copying(out));
    out.pipeline().addLast(new BackPressure(in));
    in.config().setAutoRead(true);
  }

  @Override
  public void close() {
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }

  /** Copies frame by frame, and hands over what it has at the end of each read. */
  private static final class Copying extends ChannelInboundHandlerAdapter {
    private final Channel out;
    private final RecordSplitter splitter;
    private final RecordSplitter.Sink sink = this::copy;
    private ByteBuf batch;

    Copying(Channel out) {
      this.out = out;
      this.splitter = new RecordSplitter(out.alloc(), Framing.MAX_FRAME);
      this.batch = out.alloc().directBuffer(BATCH_BYTES, BATCH_BYTES);
    }

    private void copy(ByteBuf framed) {
      int size = framed.readableBytes();
      if (batch.writableBytes() < size) {
        writeBatch(Math.max(BATCH_BYTES, size));
      }
      batch.writeBytes(framed, framed.readerIndex(), size);
    }

    private void writeBatch(int nextSize) {
      var unused = out.write(batch, out.voidPromise());
      batch = out.alloc().directBuffer(nextSize, nextSize);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf in = (ByteBuf) message;
      try {
        if (!splitter.split(in, sink)) {
          var unused = context.close();
        }
      } finally {
        in.release();
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      if (batch.isReadable()) {
        writeBatch(BATCH_BYTES);
      }
      out.flush();
      if (!out.isWritable()) {
        context.channel().config().setAutoRead(false);
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      splitter.close();
      batch.release();
    }
  }

  /** Reads again when what was read has been taken. */
  private static final class BackPressure extends ChannelInboundHandlerAdapter {
    private final Channel in;

    BackPressure(Channel in) {
      this.in = in;
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
      if (context.channel().isWritable()) {
        in.config().setAutoRead(true);
      }
    }
  }
}
