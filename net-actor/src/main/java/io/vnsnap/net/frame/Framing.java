package io.vnsnap.net.frame;

import io.netty.buffer.ByteBuf;
import java.util.HexFormat;

/**
 * The form of a frame everywhere on the data path, called <em>framed</em>: its length as 4 bytes,
 * big-endian, and then the Ethernet frame without checksum. It is QEMU's form (QEMU net/stream.c),
 * so a frame goes from one VM's socket to another's without being copied or rewritten.
 */
public final class Framing {
  /** Bytes of the length before a frame. */
  public static final int LENGTH_BYTES = 4;

  /** The shortest Ethernet frame that is switched, in bytes: a bare header. */
  public static final int MIN_FRAME = 14;

  /** The longest frame QEMU sends or takes, in bytes. */
  public static final int MAX_FRAME = 69_632;

  private static final int ANNOUNCEMENT = 0x8035;
  private static final int CUSTOMER_TAG = 0x8100; // IEEE 802.1Q
  private static final int SERVICE_TAG = 0x88a8; // IEEE 802.1ad
  private static final int OLD_SERVICE_TAG = 0x9100; // in use before the latter
  private static final int TYPE_OFFSET = LENGTH_BYTES + 12;
  private static final long GROUP_BIT = 1L << 40;

  private Framing() {}

  /** Destination address of a framed frame, as a number of 48 bits. */
  public static long destination(ByteBuf framed) {
    int at = framed.readerIndex() + LENGTH_BYTES;
    return ((long) framed.getUnsignedShort(at) << 32) | framed.getUnsignedInt(at + 2);
  }

  /** Source address of a framed frame, as a number of 48 bits. */
  public static long source(ByteBuf framed) {
    int at = framed.readerIndex() + LENGTH_BYTES + 6;
    return ((long) framed.getUnsignedShort(at) << 32) | framed.getUnsignedInt(at + 2);
  }

  /** Whether the frame has a VLAN tag. */
  public static boolean isTagged(ByteBuf framed) {
    int type = framed.getUnsignedShort(framed.readerIndex() + TYPE_OFFSET);
    return type == CUSTOMER_TAG || type == SERVICE_TAG || type == OLD_SERVICE_TAG;
  }

  /** Whether the frame is one of the RARP frames by which QEMU announces a VM it has restored. */
  public static boolean isAnnouncement(ByteBuf framed) {
    return framed.getUnsignedShort(framed.readerIndex() + TYPE_OFFSET) == ANNOUNCEMENT;
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
