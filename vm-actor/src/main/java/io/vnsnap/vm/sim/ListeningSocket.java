package io.vnsnap.vm.sim;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A socket that serves one connection at a time, as QEMU's do: the next one is accepted when the
 * one before it is closed. Used on the event loop.
 */
final class ListeningSocket {
  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(32 * 1024, 64 * 1024);

  private final Consumer<Channel> connected;
  private @Nullable Channel server;
  private @Nullable Channel current;

  /**
   * @param connected gets each new connection, to put handlers on it
   */
  ListeningSocket(Consumer<Channel> connected) {
    this.connected = connected;
  }

  /** Begins to listen. */
  CompletionStage<Void> bind(EventLoop loop, GuestSockets sockets, Path path) {
    ChannelFuture binding =
        new ServerBootstrap()
            .group(loop)
            .channelFactory(sockets.channels())
            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    accepted(channel);
                  }
                })
            .bind(sockets.address(path));
    server = binding.channel();
    CompletableFuture<Void> bound = new CompletableFuture<>();
    binding.addListener(done -> {
      if (done.isSuccess()) {
        bound.complete(null);
      } else {
        bound.completeExceptionally(done.cause());
      }
    });
    return bound;
  }

  private void accepted(Channel channel) {
    Channel listening = server;
    if (current != null || listening == null) {
      var unused = channel.close();
      return;
    }
    current = channel;
    listening.config().setAutoRead(false);
    channel
        .closeFuture()
        .addListener(done -> {
          current = null;
          if (listening.isOpen()) {
            listening.config().setAutoRead(true);
          }
        });
    connected.accept(channel);
  }

  /** The connection; null: none. */
  @Nullable Channel connection() {
    Channel channel = current;
    return channel != null && channel.isActive() ? channel : null;
  }

  void close() {
    Channel listening = server;
    server = null;
    if (listening != null) {
      var unused = listening.close();
    }
    if (current != null) {
      var unused = current.close();
    }
  }
}
