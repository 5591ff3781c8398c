package io.vnsnap.shell.control;

import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.vnsnap.proto.RefusalCode;

/** Tells a client that there are too many, and hangs up. */
@SuppressWarnings(
    "FutureReturnValueIgnored") // Netty tells of failures by listener and exceptionCaught
final class TooManyConnections extends ChannelInboundHandlerAdapter {
  private final int limit;

  TooManyConnections(int limit) {
    this.limit = limit;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    ctx.writeAndFlush(
            ControlResponses.refused(
                RefusalCode.NOT_NOW,
                "%d commands are talking to this node already: try again when some have ended"
                    .formatted(limit)))
        .addListener(ChannelFutureListener.CLOSE);
  }
}
