package io.vnsnap.net.gate;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.vnsnap.proto.RecordedFrame;

/**
 * A frame that says who sent it and which one it is.
 *
 * @param to number of the VNIC it is for; -1 for all
 */
record TestFrame(int to, int from, int number) {
  static final int ALL = -1;
  private static final long BASE = 0x5254_0000_0000L;
  private static final long BROADCAST = 0xffff_ffff_ffffL;

  static long mac(int vnic) {
    return BASE + vnic;
  }

  ByteBuf framed() {
    ByteBuf framed = Unpooled.buffer();
    framed.writeInt(22);
    writeMac(framed, to == ALL ? BROADCAST : mac(to));
    writeMac(framed, mac(from));
    framed.writeShort(0x0800);
    framed.writeInt(from);
    framed.writeInt(number);
    return framed;
  }

  /** Reads an Ethernet frame without the length before it. */
  static TestFrame parse(ByteBuf frame) {
    long destination = ((long) frame.getUnsignedShort(0) << 32) | frame.getUnsignedInt(2);
    return new TestFrame(
        destination == BROADCAST ? ALL : (int) (destination - BASE),
        frame.getInt(14),
        frame.getInt(18));
  }

  static TestFrame of(RecordedFrame recorded) {
    return parse(Unpooled.wrappedBuffer(recorded.getFrame().toByteArray()));
  }

  private static void writeMac(ByteBuf out, long mac) {
    out.writeShort((int) (mac >> 32));
    out.writeInt((int) mac);
  }
}
