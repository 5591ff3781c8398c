package io.vnsnap.net.frame;

import io.netty.buffer.ByteBuf;
import java.util.HexFormat;

/**
 * The form of a frame everywhere on the data path, called <em>framed</em>: its length as 4 bytes,
 * big-endian, and then the Ethernet frame without checksum. It is QEMU's form (QEMU net/stream.c),
 * so a frame goes from one VM's socket to another's without being copied or rewritten.
 *
 * <p>Frames that lie one behind another, and have the same addresses and type, are handed on
 * together, as a <em>train</em> (Jain and Routhier, "Packet Trains", 1986): what a gate, a switch
 * or a trunk has to decide, it decides once for all of them. A train of one is a frame.
 */
public final class Framing {
  /** Bytes of the length before a frame. */
  public static final int LENGTH_BYTES = 4;

  /** The shortest Ethernet frame that is switched, in bytes: a bare header. */
  public static final int MIN_FRAME = 14;

  /** The longest frame QEMU sends or takes, in bytes. */
  public static final int MAX_FRAME = 69_632;

  /** The longest train of more than one frame, in bytes. */
  public static final int MAX_TRAIN = 8 * 1024;

  private static final int CUSTOMER_TAG = 0x8100; // IEEE 802.1Q
  private static final int SERVICE_TAG = 0x88a8; // IEEE 802.1ad
  private static final int OLD_SERVICE_TAG = 0x9100; // in use before the latter
  private static final int SOURCE_OFFSET = LENGTH_BYTES + 6;
  private static final long GROUP_BIT = 1L << 40;

  /** Takes the frames of a train. */
  @FunctionalInterface
  public interface FrameSink {
    /**
     * Takes the next frame.
     *
     * @param framed between the indices of the train's buffer; borrowed
     * @param number of it in the train, from 0 on
     */
    void frame(ByteBuf framed, int number);
  }

  private Framing() {}

  /** Takes a train apart. Its indices are the same afterwards. */
  public static void forEachFrame(ByteBuf train, FrameSink sink) {
    int start = train.readerIndex();
    int behind = train.writerIndex();
    int at = start;
    for (int number = 0; at < behind; number++) {
      int end = end(train, at);
      sink.frame(train.setIndex(at, end), number);
      at = end;
    }
    train.setIndex(start, behind);
  }

  /** Destination address of a framed frame, as a number of 48 bits. */
  public static long destination(ByteBuf framed) {
    return framed.getLong(framed.readerIndex() + LENGTH_BYTES) >>> Short.SIZE;
  }

  /**
   * Source address and type of a framed frame, which lie side by side and so are read at once: see
   * {@link #source} and {@link #type}.
   */
  public static long sourceAndType(ByteBuf framed) {
    return framed.getLong(framed.readerIndex() + SOURCE_OFFSET);
  }

  /** Index behind the framed frame that begins at this index. */
  public static int end(ByteBuf train, int at) {
    return at + LENGTH_BYTES + train.getInt(at);
  }

  /** The source address, as a number of 48 bits. */
  public static long source(long sourceAndType) {
    return sourceAndType >>> Short.SIZE;
  }

  /** The type that follows the addresses (IEEE 802.3). */
  public static int type(long sourceAndType) {
    return (int) sourceAndType & 0xffff;
  }

  /** Whether a frame of this type has a VLAN tag. */
  public static boolean isTagged(int type) {
    return type == CUSTOMER_TAG || type == SERVICE_TAG || type == OLD_SERVICE_TAG;
  }

  /** Whether the address is a broadcast or multicast one. */
  public static boolean isGroup(long mac) {
    return (mac & GROUP_BIT) != 0;
  }

  /**
   * Reads an address such as {@code 52:54:00:00:00:01}.
   *
   * @throws IllegalArgumentException if it is not six hexadecimal octets
   */
  public static long parseMac(String mac) {
    byte[] octets = HexFormat.ofDelimiter(":").parseHex(mac);
    if (octets.length != 6) {
      throw new IllegalArgumentException("not a MAC address: " + mac);
    }
    long number = 0;
    for (byte octet : octets) {
      number = (number << 8) | (octet & 0xff);
    }
    return number;
  }
}
