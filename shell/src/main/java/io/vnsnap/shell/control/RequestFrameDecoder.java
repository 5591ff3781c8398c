package io.vnsnap.shell.control;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.CorruptedFrameException;
import io.netty.handler.codec.TooLongFrameException;
import java.util.List;

/**
 * Cuts the stream into frames by their varint length, as {@code writeDelimitedTo} writes them.
 * Unlike Netty's own decoder it has a limit.
 */
final class RequestFrameDecoder extends ByteToMessageDecoder {
  private static final int MAX_LENGTH_BYTES = 5;

  private final int maxFrameBytes;

  RequestFrameDecoder(int maxFrameBytes) {
    this.maxFrameBytes = maxFrameBytes;
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
    int start = in.readerIndex();
    long length = 0;
    for (int i = 0; ; i++) {
      if (i == MAX_LENGTH_BYTES) {
        in.skipBytes(in.readableBytes());
        throw new CorruptedFrameException("not a length");
      }
      if (start + i >= in.writerIndex()) {
        return;
      }
      byte b = in.getByte(start + i);
      length |= (long) (b & 0x7f) << (7 * i);
      if (b >= 0) {
        in.readerIndex(start + i + 1);
        break;
      }
    }
    if (length > maxFrameBytes) {
      in.skipBytes(in.readableBytes());
      throw new TooLongFrameException(
          "a request of %d bytes, the limit is %d".formatted(length, maxFrameBytes));
    }
    if (in.readableBytes() < length) {
      in.readerIndex(start);
      return;
    }
    out.add(in.readRetainedSlice((int) length));
  }
}
