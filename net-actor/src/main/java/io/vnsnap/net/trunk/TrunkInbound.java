package io.vnsnap.net.trunk;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.vnsnap.net.frame.Flusher;
import io.vnsnap.net.frame.RecordSplitter;
import io.vnsnap.net.link.NextHop;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The receiving end of one trunk connection. */
final class TrunkInbound extends ChannelInboundHandlerAdapter {
  private static final Logger LOG = LoggerFactory.getLogger(TrunkInbound.class);

  private final TrunkListener listener;
  private final Channel channel;
  private final Flusher flusher;
  private final RecordSplitter splitter;
  private final RecordSplitter.Sink sink = this::onRecord;
  private @Nullable String host;
  private @Nullable Future<?> helloDeadline;
  private boolean closed;

  TrunkInbound(TrunkListener listener, Channel channel, Flusher flusher) {
    this.listener = listener;
    this.channel = channel;
    this.flusher = flusher;
    this.splitter = new RecordSplitter(channel.alloc(), TrunkRecords.MAX_HELLO);
  }

  void expectHello(Duration timeout) {
    helloDeadline =
        channel
            .eventLoop()
            .schedule(
                () -> cutOff("it did not say who it is"), timeout.toNanos(), TimeUnit.NANOSECONDS);
  }

  void close() {
    if (!closed) {
      closed = true;
      if (helloDeadline != null) {
        helloDeadline.cancel(false);
      }
      splitter.close();
      var unused = channel.close();
      listener.ended(this, host);
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    try {
      if (!closed && !splitter.split(in, sink)) {
        cutOff(
            host == null
                ? "it does not speak the trunk's language"
                : "it sent a record of %d bytes".formatted(splitter.brokenLength()));
      }
    } finally {
      in.release();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    flusher.flush();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    close();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (!(cause instanceof IOException)) {
      LOG.error("Trunk from {} failed", this, cause);
    }
    close();
  }

  @Override
  public String toString() {
    return String.valueOf(channel.remoteAddress());
  }

  private void onRecord(ByteBuf record) {
    try {
      if (host == null) {
        hello(record);
      } else {
        dispatch(host, record);
      }
    } catch (NonsenseException e) {
      cutOff(String.valueOf(e.getMessage()));
    }
  }

  private void hello(ByteBuf record) throws NonsenseException {
    String name = TrunkRecords.readHello(record);
    host = name;
    if (helloDeadline != null) {
      helloDeadline.cancel(false);
    }
    splitter.limit(TrunkRecords.MAX_RECORD);
    listener.identified(name, this);
  }

  private void dispatch(String peer, ByteBuf record) throws NonsenseException {
    if (!TrunkRecords.hasHead(record)) {
      throw new NonsenseException("it sent a record of %d bytes".formatted(record.readableBytes()));
    }
    byte type = TrunkRecords.type(record);
    if (type != TrunkRecords.FRAME && type != TrunkRecords.MARKER && type != TrunkRecords.EARLY) {
      throw new NonsenseException("it sent a record of unknown type " + type);
    }
    Network network = listener.network(TrunkRecords.network(record));
    if (network == null) {
      return;
    }
    int from = TrunkRecords.from(record);
    int to = TrunkRecords.to(record);
    int epoch = TrunkRecords.epoch(record);
    NextHop hop = network.channel(peer, from, to);
    if (hop == null) {
      listener.unknownChannel();
    } else if (type == TrunkRecords.MARKER) {
      hop.marker(TrunkRecords.readMarker(record));
    } else if (type == TrunkRecords.EARLY) {
      long sequence = TrunkRecords.sequence(record);
      long remainingNanos = TrunkRecords.toEarlyFrame(record);
      hop.early(epoch, sequence, remainingNanos, record);
    } else {
      long sequence = TrunkRecords.sequence(record);
      TrunkRecords.toFrame(record);
      hop.frame(epoch, sequence, record);
    }
  }

  private void cutOff(String why) {
    if (!closed) {
      listener.cutOff(((InetSocketAddress) channel.remoteAddress()).getAddress(), why);
      close();
    }
  }
}
