package io.vnsnap.net.trunk;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.net.gate.Marker;
import io.vnsnap.net.link.NextHop;
import io.vnsnap.net.tls.ClusterTls;
import io.vnsnap.net.tls.TlsFailures;
import java.io.IOException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection of another host's trunk, at the receiving end. Takes records in as they are read,
 * keeps none, and acknowledges them: at once when there are many, else after a moment.
 */
final class TrunkInbound extends ChannelInboundHandlerAdapter implements TrunkDecoder.Sink {
  private static final Logger LOG = LoggerFactory.getLogger(TrunkInbound.class);

  private final TrunkListener listener;
  private final @Nullable ClusterTls tls;
  private final Channel channel;
  private final TrunkDecoder decoder;
  private final TrunkSettings.Receiving settings;
  private TrunkSessions.@Nullable Session session;
  private @Nullable Future<?> helloDeadline;
  private @Nullable Future<?> acknowledgement;
  private long acknowledged;
  private long unacknowledgedBytes;
  private boolean closed;

  TrunkInbound(TrunkListener listener, @Nullable ClusterTls tls, Channel channel) {
    this.listener = listener;
    this.tls = tls;
    this.channel = channel;
    this.settings = listener.settings();
    this.decoder = new TrunkDecoder(channel.alloc(), this);
    this.helloDeadline =
        channel
            .eventLoop()
            .schedule(
                () -> cutOff("it did not say who it is"),
                settings.helloTimeout().toNanos(),
                TimeUnit.NANOSECONDS);
  }

  /** Lets it be read, or not. */
  void read(boolean on) {
    channel.config().setAutoRead(on);
  }

  boolean isIdentified() {
    return session != null;
  }

  void close() {
    if (closed) {
      return;
    }
    closed = true;
    cancel(helloDeadline);
    cancel(acknowledgement);
    decoder.close();
    var unused = channel.close();
    listener.ended(this, session);
  }

  private static void cancel(@Nullable Future<?> timer) {
    if (timer != null) {
      timer.cancel(false);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (tls != null && event instanceof SslHandshakeCompletionEvent shaken && shaken.isSuccess()) {
      String objection = tls.objection(channel);
      if (objection != null) {
        cutOff(objection);
      }
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    try {
      if (!closed) {
        unacknowledgedBytes += in.readableBytes();
        listener.read(in.readableBytes());
        String nonsense = decoder.decode(in);
        if (nonsense != null) {
          cutOff(nonsense);
        }
      }
    } finally {
      in.release();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    listener.afterRead();
    TrunkSessions.Session open = session;
    if (open == null || open.received() == acknowledged || closed) {
      return;
    }
    if (unacknowledgedBytes >= settings.acknowledgeBytes()) {
      acknowledge();
    } else if (acknowledgement == null) {
      acknowledgement =
          channel
              .eventLoop()
              .schedule(
                  this::acknowledge, settings.acknowledgeDelay().toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  /** A peer that does not read gets no more than fits: the next one says it all. */
  private void acknowledge() {
    cancel(acknowledgement);
    acknowledgement = null;
    TrunkSessions.Session open = session;
    if (open != null && !closed && channel.isWritable()) {
      acknowledged = open.received();
      unacknowledgedBytes = 0;
      ByteBuf record = channel.alloc().directBuffer(Framing.LENGTH_BYTES + Long.BYTES);
      TrunkRecords.writeAcknowledgement(record, acknowledged);
      var unused = channel.writeAndFlush(record, channel.voidPromise());
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    close();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (tls != null && cause instanceof DecoderException) {
      cutOff(TlsFailures.explain(cause));
    } else if (!(cause instanceof IOException)) {
      LOG.error("Trunk from {} failed", this, cause);
    }
    close();
  }

  @Override
  public String toString() {
    return String.valueOf(channel.remoteAddress());
  }

  @Override
  public void hello(TrunkRecords.Hello hello) throws NonsenseException {
    cancel(helloDeadline);
    TrunkSessions.Session open = listener.identified(hello, this);
    session = open;
    acknowledged = open.received();
    ByteBuf welcome = channel.alloc().directBuffer(Framing.LENGTH_BYTES + TrunkRecords.MAX_ANSWER);
    TrunkRecords.writeWelcome(welcome, acknowledged);
    var unused = channel.writeAndFlush(welcome, channel.voidPromise());
  }

  @Override
  public void train(
      long network, int from, int to, int epoch, long first, ByteBuf train, int frames) {
    NextHop hop = hop(network, from, to);
    if (hop != null) {
      hop.send(epoch, first, train, frames);
    }
  }

  @Override
  public void early(
      long network,
      int from,
      int to,
      int epoch,
      long sequence,
      long remainingNanos,
      ByteBuf framed) {
    NextHop hop = hop(network, from, to);
    if (hop != null) {
      hop.early(epoch, sequence, remainingNanos, framed);
    }
  }

  @Override
  public void marker(long network, int from, int to, Marker marker) {
    NextHop hop = hop(network, from, to);
    if (hop != null) {
      hop.marker(marker);
    }
  }

  /** Counts the record, and finds where it goes. */
  private @Nullable NextHop hop(long network, int from, int to) {
    TrunkSessions.Session open = session;
    if (open == null) {
      throw new IllegalStateException("a record before the hello");
    }
    open.count();
    return listener.hop(open.host(), network, from, to);
  }

  private void cutOff(String why) {
    if (!closed) {
      listener.cutOff(channel.remoteAddress(), why);
      close();
    }
  }
}
