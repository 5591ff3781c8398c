package io.vnsnap.net.trunk;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.net.frame.RecordSplitter;
import io.vnsnap.net.tls.ClusterTls;
import io.vnsnap.net.tls.TlsFailures;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One connection of a trunk, at the sending end: says who it is, and reads what is answered. */
final class TrunkOutbound extends ChannelInboundHandlerAdapter {
  private final Trunk trunk;
  private final @Nullable ClusterTls tls;
  private final Channel channel;
  private final RecordSplitter splitter;
  private final RecordSplitter.Sink sink = this::onAnswer;
  private @Nullable Future<?> welcomeDeadline;
  private boolean welcomed;
  private boolean closed;
  private String whyEnded = "the connection has ended";

  TrunkOutbound(Trunk trunk, @Nullable ClusterTls tls, Channel channel) {
    this.trunk = trunk;
    this.tls = tls;
    this.channel = channel;
    this.splitter = new RecordSplitter(channel.alloc(), TrunkRecords.MAX_ANSWER);
  }

  /** Whether more can be written without exceeding the write window. */
  boolean isWritable() {
    return !closed && channel.isWritable();
  }

  /** Writes without flushing. Takes over the buffer. */
  void write(ByteBuf bytes) {
    var unused = channel.write(bytes, channel.voidPromise());
  }

  void flush() {
    channel.flush();
  }

  /** Ends the connection; the trunk hears of it by {@link Trunk#ended}. */
  void close() {
    if (!closed) {
      closed = true;
      splitter.close();
      if (welcomeDeadline != null) {
        welcomeDeadline.cancel(false);
      }
      var unused = channel.close();
      trunk.ended(this, whyEnded);
    }
  }

  private void fail(String why) {
    whyEnded = why;
    close();
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    long patience = trunk.settings().welcomeTimeout().toNanos();
    welcomeDeadline =
        channel
            .eventLoop()
            .schedule(() -> fail("the other side does not answer"), patience, TimeUnit.NANOSECONDS);
    trunk.connected(this);
    if (tls == null) {
      greet();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (tls != null && event instanceof SslHandshakeCompletionEvent shaken) {
      String objection =
          shaken.isSuccess() ? tls.objection(channel) : TlsFailures.explain(shaken.cause());
      if (objection != null) {
        fail(objection);
      } else {
        greet();
      }
    }
  }

  private void greet() {
    if (closed) {
      return;
    }
    ByteBuf hello = channel.alloc().directBuffer(Framing.LENGTH_BYTES + TrunkRecords.MAX_HELLO);
    TrunkRecords.writeHello(hello, trunk.hello());
    var unused = channel.writeAndFlush(hello, channel.voidPromise());
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    try {
      if (!closed && !splitter.split(in, sink)) {
        fail("the other side does not speak the trunk's language");
      }
    } finally {
      in.release();
    }
  }

  private void onAnswer(ByteBuf record) {
    try {
      if (welcomed) {
        trunk.acknowledged(TrunkRecords.readAcknowledgement(record));
      } else {
        long received = TrunkRecords.readWelcome(record);
        welcomed = true;
        if (welcomeDeadline != null) {
          welcomeDeadline.cancel(false);
        }
        trunk.welcomed(this, received);
      }
    } catch (NonsenseException e) {
      fail("the other side sent nonsense: " + e.getMessage());
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (isWritable()) {
      trunk.flushNow();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    close();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    fail(tls != null ? TlsFailures.explain(cause) : String.valueOf(cause.getMessage()));
  }
}
