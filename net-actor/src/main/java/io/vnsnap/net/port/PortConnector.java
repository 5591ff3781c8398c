package io.vnsnap.net.port;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.vnsnap.net.frame.Flusher;
import io.vnsnap.net.transport.Transport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Connects ports to the sockets of VMs. May be called by any thread; works on the event loop. */
public final class PortConnector {
  private static final int SMALLEST_READ = 2048;
  private static final int FIRST_READ = 16 * 1024;

  private final Transport transport;
  private final PortSettings settings;
  private final Flusher flusher;
  private final Bootstrap bootstrap;

  /** One for all ports of an event loop. */
  public PortConnector(
      Transport transport, ByteBufAllocator allocator, PortSettings settings, Flusher flusher) {
    this.transport = transport;
    this.settings = settings;
    this.flusher = flusher;
    this.bootstrap =
        transport
            .cards()
            .option(ChannelOption.ALLOCATOR, allocator)
            .option(ChannelOption.AUTO_READ, false)
            .option(
                ChannelOption.RECVBUF_ALLOCATOR,
                new AdaptiveRecvByteBufAllocator(SMALLEST_READ, FIRST_READ, settings.readBuffer()))
            .option(
                ChannelOption.WRITE_BUFFER_WATER_MARK,
                new WriteBufferWaterMark(settings.writeWindow() / 2, settings.writeWindow()))
            .handler(new Bare());
  }

  /**
   * Connects to QEMU's socket, trying again while it is not there yet.
   *
   * @param deadline from now; then the result fails with what was seen last
   * @return completed on the event loop, with a port that does not read before it is {@linkplain
   *     SocketPort#start started}
   */
  public CompletableFuture<SocketPort> connect(Path socket, Duration deadline, PortEvents events) {
    CompletableFuture<SocketPort> connected = new CompletableFuture<>();
    attempt(socket, transport.nanos() + deadline.toNanos(), events, connected);
    return connected;
  }

  private void attempt(
      Path socket, long end, PortEvents events, CompletableFuture<SocketPort> connected) {
    ChannelFuture attempt = bootstrap.connect(transport.card(socket));
    attempt.addListener(done -> {
      if (done.isSuccess()) {
        Channel channel = attempt.channel();
        connected.complete(SocketPort.on(channel, transport.queues(channel), events, flusher));
      } else if (transport.nanos() - end >= 0 || transport.loop().isShuttingDown()) {
        connected.completeExceptionally(done.cause());
      } else {
        var unused =
            transport
                .loop()
                .schedule(
                    () -> attempt(socket, end, events, connected),
                    settings.connectRetry().toNanos(),
                    TimeUnit.NANOSECONDS);
      }
    });
  }

  /** A channel begins without handlers: the port is added when it is connected. */
  private static final class Bare extends ChannelInitializer<Channel> {
    @Override
    protected void initChannel(Channel channel) {
      // see SocketPort.on
    }
  }
}
