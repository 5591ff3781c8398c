package io.vnsnap.host.console;

import com.google.protobuf.ByteString;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.WriteBufferWaterMark;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * A connection to a serial console's socket. Callbacks come on the event loop.
 *
 * <p>It is read on demand: after each piece of output nothing more is taken from the socket until
 * {@link #readOn}. So one piece, of at most {@link #MAX_PIECE_BYTES}, is all that waits for whoever
 * handles it; a guest that says more waits until that has been done.
 */
@SuppressWarnings("FutureReturnValueIgnored") // failures are told as the close of the socket
final class ConsoleSocket {
  /** Input that may wait for a guest that does not read its console, in bytes; more is dropped. */
  private static final int MAX_UNSENT_BYTES = 64 * 1024;

  /** Longest piece of output, in bytes. */
  static final int MAX_PIECE_BYTES = 64 * 1024;

  private final Channel channel;

  private ConsoleSocket(Channel channel) {
    this.channel = channel;
  }

  /**
   * Connects; failure is told as a close.
   *
   * @param onData what was read; the next piece comes after {@link #readOn}
   * @param onClose told once, why nothing more will come
   */
  static ConsoleSocket connect(
      Path path, ConsoleSockets sockets, Consumer<ByteString> onData, Consumer<String> onClose) {
    ChannelFuture connecting =
        sockets
            .connection()
            .option(
                ChannelOption.WRITE_BUFFER_WATER_MARK,
                new WriteBufferWaterMark(MAX_UNSENT_BYTES / 2, MAX_UNSENT_BYTES))
            .option(ChannelOption.AUTO_READ, false)
            .option(
                ChannelOption.RECVBUF_ALLOCATOR,
                new FixedRecvByteBufAllocator(MAX_PIECE_BYTES).maxMessagesPerRead(1))
            .handler(new Reader(onData, onClose))
            .connect(sockets.address(path));
    connecting.addListener(done -> {
      if (!done.isSuccess()) {
        onClose.accept("cannot connect to the console: " + done.cause().getMessage());
      }
    });
    return new ConsoleSocket(connecting.channel());
  }

  /** The last piece has been handled: the next one may come. */
  void readOn() {
    channel.read();
  }

  void write(ByteString data) {
    channel.eventLoop().execute(() -> writeOnLoop(data));
  }

  private void writeOnLoop(ByteString data) {
    if (channel.isWritable()) {
      channel.writeAndFlush(
          Unpooled.wrappedBuffer(data.asReadOnlyByteBuffer()), channel.voidPromise());
    }
  }

  void close() {
    channel.close();
  }

  private static final class Reader extends SimpleChannelInboundHandler<ByteBuf> {
    private final Consumer<ByteString> onData;
    private final Consumer<String> onClose;

    Reader(Consumer<ByteString> onData, Consumer<String> onClose) {
      this.onData = onData;
      this.onClose = onClose;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
      context.read();
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf data) {
      onData.accept(ByteString.copyFrom(data.nioBuffer()));
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      onClose.accept("the VM closed its console");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }
}
