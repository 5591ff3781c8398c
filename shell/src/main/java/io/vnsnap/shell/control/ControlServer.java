package io.vnsnap.shell.control;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.protobuf.ProtobufDecoder;
import io.netty.handler.codec.protobuf.ProtobufEncoder;
import io.netty.handler.codec.protobuf.ProtobufVarint32LengthFieldPrepender;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.vnsnap.proto.ControlRequest;
import io.vnsnap.shell.api.VnsnapClient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The node's end of the control socket. Takes length-delimited {@link ControlRequest}s, one at a
 * time per connection, and has a {@link VnsnapClient} answer them. One event loop thread of its
 * own, in which nothing blocks.
 */
@SuppressWarnings(
    "FutureReturnValueIgnored") // Netty tells of failures by listener and exceptionCaught
public final class ControlServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);
  private static final int CONSOLE_LOW_WATER_BYTES = 32 * 1024;
  private static final int CONSOLE_HIGH_WATER_BYTES = 64 * 1024;
  private static final long CLOSE_DEADLINE_S = 5;

  private final SocketFile file;
  private final MultiThreadIoEventLoopGroup loop;

  private ControlServer(SocketFile file, MultiThreadIoEventLoopGroup loop) {
    this.file = file;
    this.loop = loop;
  }

  /**
   * Listens. The folder of the socket is made with mode 0700 if it is missing; the socket gets mode
   * 0600. Blocks shortly. Effect on failure: none.
   *
   * @param socket path of the socket, at most 107 bytes
   * @param client answers the requests; is not closed with the server
   * @throws IOException if a live node has the socket, its folder is open to others, or it cannot
   *     be made; the message is one line that says what to do
   */
  public static ControlServer start(Path socket, VnsnapClient client, ControlSettings settings)
      throws IOException {
    SocketFile file = SocketFile.claim(socket);
    MultiThreadIoEventLoopGroup loop =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("vnsnap-control", true), EpollIoHandler.newFactory());
    ControlServer server = new ControlServer(file, loop);
    boolean listening = false;
    try {
      Channel channel =
          new ServerBootstrap()
              .group(loop)
              .channel(EpollServerDomainSocketChannel.class)
              .childOption(ChannelOption.AUTO_READ, false)
              .childOption(
                  ChannelOption.WRITE_BUFFER_WATER_MARK,
                  new WriteBufferWaterMark(CONSOLE_LOW_WATER_BYTES, CONSOLE_HIGH_WATER_BYTES))
              .childHandler(new Connections(client, settings))
              .bind(new DomainSocketAddress(file.path().toFile()))
              .awaitUninterruptibly()
              .channel();
      listening = channel.isActive();
      if (!listening) {
        throw new IOException("cannot listen on the control socket " + file.path());
      }
      file.restrict();
      return server;
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  /** The path clients connect to. */
  public Path socket() {
    return file.path();
  }

  /**
   * Ends all connections and removes the socket. Blocks for at most 5 s. Closing twice is allowed.
   */
  @Override
  public void close() {
    loop.shutdownGracefully(0, CLOSE_DEADLINE_S, TimeUnit.SECONDS).awaitUninterruptibly();
    try {
      file.close();
    } catch (IOException e) {
      LOG.warn("the control socket {} could not be removed: {}", file.path(), e.toString());
    }
  }

  /** Sets each new connection up. */
  private static final class Connections extends ChannelInitializer<Channel> {
    private final VnsnapClient client;
    private final ControlSettings settings;
    private final AtomicInteger open = new AtomicInteger();

    Connections(VnsnapClient client, ControlSettings settings) {
      this.client = client;
      this.settings = settings;
    }

    @Override
    protected void initChannel(Channel channel) {
      boolean room = open.incrementAndGet() <= settings.maxConnections();
      channel.closeFuture().addListener(closed -> open.decrementAndGet());
      channel.pipeline().addLast(new ProtobufVarint32LengthFieldPrepender(), new ProtobufEncoder());
      if (!room) {
        channel.pipeline().addLast(new TooManyConnections(settings.maxConnections()));
        return;
      }
      channel
          .pipeline()
          .addLast(
              new RequestFrameDecoder(settings.maxRequestBytes()),
              new ProtobufDecoder(ControlRequest.getDefaultInstance()),
              new FlowControlHandler(),
              new ControlConnection(client, settings));
    }
  }
}
