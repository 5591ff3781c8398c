package io.vnsnap.vm.sim;

import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A serial console: lines of the guest to whoever is connected. What nobody reads is kept up to a
 * bound, the newest. What is typed goes nowhere: guests have no shell. Used on the event loop.
 */
final class SerialConsole {
  private static final int MAX_KEPT_BYTES = 64 * 1024;
  private static final Logger log = LoggerFactory.getLogger(SerialConsole.class);

  private final String name;
  private final ListeningSocket socket = new ListeningSocket(this::connected);
  private final ArrayDeque<String> kept = new ArrayDeque<>();
  private int keptBytes;

  SerialConsole(String name) {
    this.name = name;
  }

  ListeningSocket socket() {
    return socket;
  }

  void print(String line) {
    kept.add(line + "\r\n");
    keptBytes += line.length() + 2;
    while (keptBytes > MAX_KEPT_BYTES) {
      keptBytes -= kept.remove().length();
    }
    Channel channel = socket.connection();
    if (channel != null) {
      write(channel);
    }
  }

  private void write(Channel channel) {
    while (!kept.isEmpty() && channel.isWritable()) {
      String line = kept.remove();
      keptBytes -= line.length();
      var unused = channel.write(ByteBufUtil.writeUtf8(channel.alloc(), line));
    }
    channel.flush();
  }

  private void connected(Channel channel) {
    channel.pipeline().addLast(new Reader());
  }

  private final class Reader extends ChannelInboundHandlerAdapter {
    @Override
    public void channelActive(ChannelHandlerContext context) {
      write(context.channel());
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
      write(context.channel());
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object typed) {
      ReferenceCountUtil.release(typed);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      log.warn("{}: its connection is closed: {}", name, cause.toString());
      var unused = context.close();
    }
  }

  void close() {
    socket.close();
  }
}
