package io.vnsnap.net.trunk;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Stands between a trunk and its listener. Passes bytes on in pieces of random size when it is told
 * to, in any order of the directions, and can break between any two bytes.
 */
final class Wire {
  private static final int PORT = 999;

  private final LocalTransport transport;
  private final SplittableRandom random;
  private final List<Pipe> pipes = new ArrayList<>();
  private int target;
  private int breaks;

  /** One direction of a connection. */
  private static final class Pipe extends ChannelInboundHandlerAdapter {
    final ArrayDeque<ByteBuf> bytes = new ArrayDeque<>();
    @Nullable Channel from;
    @Nullable Channel to;

    @Override
    public void channelActive(ChannelHandlerContext context) {
      from = context.channel();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      bytes.add(Unpooled.copiedBuffer((ByteBuf) message));
      ((ByteBuf) message).release();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      close();
    }

    void close() {
      bytes.clear();
      if (from != null) {
        var unused = from.close();
      }
      if (to != null) {
        var unused = to.close();
      }
    }
  }

  Wire(LocalTransport transport, int target, long seed) {
    this.transport = transport;
    this.target = target;
    this.random = new SplittableRandom(seed);
    transport.await(
        transport
            .listeners()
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel near) {
                    join(near);
                  }
                })
            .bind(transport.local("", PORT)));
  }

  int port() {
    return PORT;
  }

  /** New connections go there. */
  void target(int port) {
    target = port;
  }

  int breaks() {
    return breaks;
  }

  private void join(Channel near) {
    Pipe there = new Pipe();
    Pipe back = new Pipe();
    near.pipeline().addLast(there);
    back.to = near;
    var connecting =
        transport
            .connections(java.time.Duration.ZERO)
            .handler(back)
            .connect(transport.remote("", target));
    connecting.addListener(done -> {
      if (done.isSuccess()) {
        there.to = connecting.channel();
      } else {
        there.close();
        back.close();
      }
    });
    pipes.add(there);
    pipes.add(back);
  }

  /** Passes on up to so many bytes of one direction of the newest connection. */
  void step(int most) {
    pipes.removeIf(pipe -> pipe.from != null && !pipe.from.isOpen());
    if (pipes.isEmpty()) {
      return;
    }
    Pipe pipe = pipes.get(random.nextInt(pipes.size()));
    Channel to = pipe.to;
    ByteBuf first = pipe.bytes.peek();
    if (to == null || first == null) {
      return;
    }
    int size = Math.min(first.readableBytes(), 1 + random.nextInt(most));
    var unused = to.writeAndFlush(Unpooled.copiedBuffer(first.readSlice(size)));
    if (!first.isReadable()) {
      pipe.bytes.remove();
    }
  }

  /** Loses what is in it. */
  void breakAll() {
    breaks++;
    List.copyOf(pipes).forEach(Pipe::close);
    pipes.clear();
  }

  boolean isIdle() {
    return pipes.stream().allMatch(pipe -> pipe.bytes.isEmpty());
  }
}
