package io.vnsnap.vm.sim.guest;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * An Ethernet frame between guests, with room for one; nothing of a guest's state is kept here.
 * Integers are big-endian:
 *
 * <pre>
 *   0  destination, source          6 bytes each
 *  12  ethertype 0x88b5             IEEE 802 local experimental
 *  14  "VN"
 *  16  address of sender, receiver  u32 each
 *  24  session, number              u64 each
 *  40  message                      u64
 *  48  check over 14 to 48 and 56 to the end
 *  56  body
 * </pre>
 */
final class Frame {
  /** Longest frame, bytes. */
  static final int MAX_BYTES = 1514;

  /** Bytes before the body. */
  static final int HEADER = 56;

  private static final int ETHERNET = 14;
  private static final int CHECK = 48;
  private static final int MAC_BYTES = 6;
  private static final int TYPE_AND_MAGIC = 0x88b5_564e;
  private static final long BROADCAST = 0xffff_ffff_ffffL;
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

  private final byte[] bytes = new byte[MAX_BYTES];
  private int vnic;
  private int length;

  byte[] bytes() {
    return bytes;
  }

  int length() {
    return length;
  }

  int vnic() {
    return vnic;
  }

  /** The bytes were filled by somebody. */
  void received(int fromVnic, int frameLength) {
    vnic = fromVnic;
    length = frameLength;
  }

  /** Whether this is of our kind, and for a card of this address. */
  boolean isFor(long mac) {
    return length >= HEADER
        && (int) INT.get(bytes, ETHERNET - 2) == TYPE_AND_MAGIC
        && (destination() == mac || destination() == BROADCAST);
  }

  boolean isIntact() {
    return (long) LONG.get(bytes, CHECK) == check();
  }

  private long destination() {
    return mac(0);
  }

  long source() {
    return mac(MAC_BYTES);
  }

  int from() {
    return (int) INT.get(bytes, 16);
  }

  int to() {
    return (int) INT.get(bytes, 20);
  }

  long session() {
    return (long) LONG.get(bytes, 24);
  }

  long number() {
    return (long) LONG.get(bytes, 32);
  }

  @Nullable Message message() {
    return Message.of((long) LONG.get(bytes, 40));
  }

  int bodyLength() {
    return length - HEADER;
  }

  /** A word of the body; one that was not sent is 0. */
  long word(int index) {
    int at = HEADER + index * Long.BYTES;
    return at + Long.BYTES <= length ? (long) LONG.get(bytes, at) : 0;
  }

  void setWord(int index, long value) {
    LONG.set(bytes, HEADER + index * Long.BYTES, value);
  }

  /** Writes what comes before the body; the body is there already. */
  void seal(long destination, long source, Message message, int bodyLength) {
    setMac(0, destination);
    setMac(MAC_BYTES, source);
    INT.set(bytes, ETHERNET - 2, TYPE_AND_MAGIC);
    LONG.set(bytes, 40, (long) message.code());
    length = HEADER + bodyLength;
    LONG.set(bytes, CHECK, check());
  }

  void address(int from, int to, long session, long number) {
    INT.set(bytes, 16, from);
    INT.set(bytes, 20, to);
    LONG.set(bytes, 24, session);
    LONG.set(bytes, 32, number);
  }

  static long broadcast() {
    return BROADCAST;
  }

  private long check() {
    long head = Mixing.hash(0, bytes, ETHERNET, CHECK - ETHERNET);
    return Mixing.hash(head, bytes, HEADER, length - HEADER);
  }

  private long mac(int at) {
    return (long) LONG.get(bytes, at) >>> 16;
  }

  private void setMac(int at, long mac) {
    for (int i = 0; i < MAC_BYTES; i++) {
      bytes[at + i] = (byte) (mac >>> (8 * (MAC_BYTES - 1 - i)));
    }
  }

  /** A MAC address as a number. */
  static long parseMac(String text) {
    return Long.parseLong(text.replace(":", ""), 16);
  }
}
