package io.vnsnap.net.gate;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.proto.RecordedFrame;
import java.util.ArrayList;
import java.util.List;

/**
 * A frame that says who sent it and which one it is.
 *
 * @param to number of the VNIC it is for; -1 for all
 */
public record TestFrame(int to, int from, int number) {
  /** Destination of a broadcast. */
  public static final int ALL = -1;

  private static final long BASE = 0x5254_0000_0000L;
  private static final long BROADCAST = 0xffff_ffff_ffffL;

  /** Address of a VNIC. */
  public static long mac(int vnic) {
    return BASE + vnic;
  }

  /** The frame at its shortest, with the length before it. */
  public ByteBuf framed() {
    return framed(22);
  }

  /** The frame, filled up to this length, with the length before it. */
  public ByteBuf framed(int length) {
    ByteBuf framed = Unpooled.buffer(length + 4);
    framed.writeInt(length);
    writeMac(framed, to == ALL ? BROADCAST : mac(to));
    writeMac(framed, mac(from));
    framed.writeShort(0x0800);
    framed.writeInt(from);
    framed.writeInt(number);
    framed.writeZero(length - 22);
    return framed;
  }

  /** Reads an Ethernet frame without the length before it. */
  public static TestFrame parse(ByteBuf frame) {
    long destination = ((long) frame.getUnsignedShort(0) << 32) | frame.getUnsignedInt(2);
    return new TestFrame(
        destination == BROADCAST ? ALL : (int) (destination - BASE),
        frame.getInt(14),
        frame.getInt(18));
  }

  /** Reads framed frames. */
  public static List<TestFrame> parseTrain(ByteBuf train) {
    List<TestFrame> frames = new ArrayList<>();
    for (int at = train.readerIndex(); at < train.writerIndex(); at = Framing.end(train, at)) {
      frames.add(parse(train.slice(at + Framing.LENGTH_BYTES, train.getInt(at))));
    }
    return frames;
  }

  /** Reads a recorded frame. */
  public static TestFrame of(RecordedFrame recorded) {
    return parse(Unpooled.wrappedBuffer(recorded.getFrame().toByteArray()));
  }

  private static void writeMac(ByteBuf out, long mac) {
    out.writeShort((int) (mac >> 32));
    out.writeInt((int) mac);
  }
}
