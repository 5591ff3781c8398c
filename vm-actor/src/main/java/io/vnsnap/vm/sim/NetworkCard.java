package io.vnsnap.vm.sim;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A VNIC: frames between a socket, each preceded by its length as four bytes, and the guest's
 * memory. Used on the event loop.
 *
 * <p>Design note: as QEMU behaves, so that what holds frames back before a cut is put to the test.
 * Frames go into the guest's memory while it runs and has room. Else the card keeps what it has
 * read, reads no more, and hands over later. What it keeps when the VM is paused is dropped; what
 * it reads while the VM is paused waits for it to run. Neither is in any image.
 */
final class NetworkCard {
  /** Longest frame of QEMU's stream. */
  private static final int MAX_FRAME = 69_632;

  private static final int LENGTH_BYTES = 4;
  private static final Logger log = LoggerFactory.getLogger(NetworkCard.class);

  private final String name;
  private final Slot slot;
  private final ListeningSocket socket = new ListeningSocket(this::connected);
  private final ArrayDeque<byte[]> kept = new ArrayDeque<>();
  private boolean unflushed;
  private @Nullable ChannelFuture lastWrite;

  /** Where a card is plugged in. */
  interface Slot {

    /** Takes a frame into the guest's memory; false: not now. */
    boolean offer(byte[] frame);

    /** Frames were taken. */
    void framesCame();
  }

  NetworkCard(String name, Slot slot) {
    this.name = name;
    this.slot = slot;
  }

  ListeningSocket socket() {
    return socket;
  }

  private void connected(Channel channel) {
    kept.clear();
    lastWrite = null;
    channel
        .pipeline()
        .addLast(
            new LengthFieldBasedFrameDecoder(
                MAX_FRAME + LENGTH_BYTES, 0, LENGTH_BYTES, 0, LENGTH_BYTES),
            new Reader());
  }

  private final class Reader extends SimpleChannelInboundHandler<ByteBuf> {
    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf content) {
      byte[] frame = new byte[content.readableBytes()];
      content.readBytes(frame);
      if (!kept.isEmpty() || !slot.offer(frame)) {
        kept.add(frame);
        context.channel().config().setAutoRead(false);
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      slot.framesCame();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      log.warn("{}: its connection is closed: {}", name, cause.toString());
      var unused = context.close();
    }
  }

  /** Hands over what was kept, as far as the guest takes it. */
  void handOver() {
    while (!kept.isEmpty() && slot.offer(kept.element())) {
      kept.remove();
    }
    Channel channel = socket.connection();
    if (kept.isEmpty() && channel != null && !channel.config().isAutoRead()) {
      channel.config().setAutoRead(true);
    }
  }

  /** Sends a frame, at the latest with the next {@link #flush}; false: not now. */
  boolean send(byte[] frame, int length) {
    Channel channel = socket.connection();
    if (channel == null || !channel.isWritable()) {
      return false;
    }
    ByteBuf framed = channel.alloc().buffer(LENGTH_BYTES + length);
    framed.writeInt(length).writeBytes(frame, 0, length);
    lastWrite = channel.write(framed);
    unflushed = true;
    return true;
  }

  void flush() {
    Channel channel = socket.connection();
    boolean due = unflushed;
    unflushed = false;
    if (due && channel != null) {
      channel.flush();
    }
  }

  /**
   * The VM has been paused.
   *
   * @return completes when everything it has sent can be read from the socket; never fails
   */
  CompletionStage<Void> paused() {
    if (!kept.isEmpty()) {
      log.warn("{}: {} frames that the guest had no room for are dropped", name, kept.size());
      kept.clear();
    }
    handOver();
    flush();
    CompletableFuture<Void> drained = new CompletableFuture<>();
    ChannelFuture last = lastWrite;
    if (last == null) {
      drained.complete(null);
    } else {
      last.addListener(done -> drained.complete(null));
    }
    return drained;
  }

  void close() {
    kept.clear();
    socket.close();
  }
}
