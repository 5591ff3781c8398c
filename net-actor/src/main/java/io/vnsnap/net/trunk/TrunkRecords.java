package io.vnsnap.net.trunk;

import io.netty.buffer.ByteBuf;
import io.vnsnap.net.frame.Drops;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.net.gate.Marker;
import io.vnsnap.proto.DropCause;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * The records on a trunk connection. Each begins with its length (4 bytes, not counting itself);
 * all numbers are big-endian. The sending host begins with a hello:
 *
 * <pre>  u64 magic, u8 version, u64 session, u64 first, its name in UTF-8</pre>
 *
 * where {@code first} is the number of the oldest record of the session that it can still send. The
 * receiving host answers with a welcome, which says up to which number it has everything:
 *
 * <pre>  u64 magic, u8 version, u64 received</pre>
 *
 * Then come, from the sending host, the records that follow, without their numbers, each a train of
 * one or more frames with the sequence number of its first, a marker, or a frame that its link was
 * still delaying when its sender made a cut, with the nanoseconds that are left:
 *
 * <pre>
 *  u8 1, u64 network, u32 to, u32 from, u32 epoch, u64 sequence, framed frames
 *  u8 2, u64 network, u32 to, u32 from, u32 epoch, u64 sent, u8 n, n times u64 drops by cause
 *  u8 3, u64 network, u32 to, u32 from, u32 epoch, u64 sequence, u64 remaining, framed frame
 * </pre>
 *
 * and from the receiving one acknowledgements:
 *
 * <pre>  u64 received</pre>
 */
final class TrunkRecords {
  static final byte VERSION = 3;
  static final byte TRAIN = 1;
  static final byte MARKER = 2;
  static final byte EARLY = 3;
  static final int MAX_NAME = 255;

  private static final long MAGIC = 0x564e_5452_554e_4b0aL; // "VNTRUNK\n"
  private static final int GREETING = Long.BYTES + 1 + Long.BYTES;

  /** Longest content of a hello. */
  static final int MAX_HELLO = GREETING + Long.BYTES + MAX_NAME;

  /** Longest content of what the receiving host says. */
  static final int MAX_ANSWER = GREETING;

  private static final int HEAD = 1 + Long.BYTES + 3 * Integer.BYTES + Long.BYTES;

  /** Bytes of a train's record before its first frame. */
  static final int TRAIN_OVERHEAD = Framing.LENGTH_BYTES + HEAD;

  /** Bytes of the record of a frame that is not due yet, before the framed frame. */
  static final int EARLY_OVERHEAD = TRAIN_OVERHEAD + Long.BYTES;

  /** Longer than the longest delay that a link may have, its queue and largest frame included. */
  private static final long MAX_REMAINING_NANOS = Duration.ofMinutes(2).toNanos();

  /** Bytes of a marker record. */
  static final int MARKER_SIZE = TRAIN_OVERHEAD + 1 + Drops.CAUSES * Long.BYTES;

  /** The longest content of a record. */
  static final int MAX_RECORD = HEAD + Long.BYTES + Framing.LENGTH_BYTES + Framing.MAX_FRAME;

  private TrunkRecords() {}

  /**
   * The first record.
   *
   * @param host name of the sending host
   * @param session of the trunk; another one after a restart of the host
   * @param first number of the oldest record that can still be sent
   */
  record Hello(String host, long session, long first) {}

  static void writeHello(ByteBuf out, Hello hello) {
    byte[] name = hello.host().getBytes(StandardCharsets.UTF_8);
    if (name.length == 0 || name.length > MAX_NAME) {
      throw new IllegalArgumentException("host name of 1 to 255 bytes needed: " + hello.host());
    }
    writeGreeting(out, GREETING + Long.BYTES + name.length, hello.session());
    out.writeLong(hello.first());
    out.writeBytes(name);
  }

  static Hello readHello(ByteBuf record) throws NonsenseException {
    record.skipBytes(Framing.LENGTH_BYTES);
    long session = readGreeting(record);
    if (record.readableBytes() <= Long.BYTES) {
      throw new NonsenseException("it did not say its name");
    }
    long first = record.readLong();
    if (first < 1) {
      throw new NonsenseException("it begins with record " + first);
    }
    return new Hello(record.toString(StandardCharsets.UTF_8), session, first);
  }

  static void writeWelcome(ByteBuf out, long received) {
    writeGreeting(out, GREETING, received);
  }

  /** Reads a welcome and returns the number up to which the peer has everything. */
  static long readWelcome(ByteBuf record) throws NonsenseException {
    record.skipBytes(Framing.LENGTH_BYTES);
    long received = readGreeting(record);
    if (record.isReadable()) {
      throw new NonsenseException("its welcome is too long");
    }
    return received;
  }

  static void writeAcknowledgement(ByteBuf out, long received) {
    out.writeInt(Long.BYTES);
    out.writeLong(received);
  }

  static long readAcknowledgement(ByteBuf record) throws NonsenseException {
    record.skipBytes(Framing.LENGTH_BYTES);
    if (record.readableBytes() != Long.BYTES) {
      throw new NonsenseException("its acknowledgement has a wrong length");
    }
    return record.readLong();
  }

  private static void writeGreeting(ByteBuf out, int length, long number) {
    out.writeInt(length);
    out.writeLong(MAGIC);
    out.writeByte(VERSION);
    out.writeLong(number);
  }

  private static long readGreeting(ByteBuf record) throws NonsenseException {
    if (record.readableBytes() <= Long.BYTES || record.readLong() != MAGIC) {
      throw new NonsenseException("it does not speak the trunk's language");
    }
    int version = record.readUnsignedByte();
    if (version != VERSION) {
      throw new NonsenseException(
          "it speaks version %d of the trunk's language, this host version %d"
              .formatted(version, VERSION));
    }
    if (record.readableBytes() < Long.BYTES) {
      throw new NonsenseException("its greeting is too short");
    }
    return record.readLong();
  }

  static void writeTrain(
      ByteBuf out, ChannelAddress channel, int epoch, long first, ByteBuf train) {
    int length = train.readableBytes();
    writeHead(out, HEAD + length, TRAIN, channel, epoch);
    out.writeLong(first);
    out.writeBytes(train, train.readerIndex(), length);
  }

  static void writeEarly(
      ByteBuf out,
      ChannelAddress channel,
      int epoch,
      long sequence,
      long remainingNanos,
      ByteBuf framed) {
    int length = framed.readableBytes();
    writeHead(out, HEAD + Long.BYTES + length, EARLY, channel, epoch);
    out.writeLong(sequence);
    out.writeLong(remainingNanos);
    out.writeBytes(framed, framed.readerIndex(), length);
  }

  static void writeMarker(ByteBuf out, ChannelAddress channel, Marker marker) {
    writeHead(out, MARKER_SIZE - Framing.LENGTH_BYTES, MARKER, channel, marker.epoch());
    out.writeLong(marker.sent());
    out.writeByte(Drops.CAUSES);
    for (int cause = 0; cause < Drops.CAUSES; cause++) {
      out.writeLong(marker.drops().of(cause));
    }
  }

  private static void writeHead(
      ByteBuf out, int length, byte type, ChannelAddress channel, int epoch) {
    out.writeInt(length);
    out.writeByte(type);
    out.writeLong(channel.network());
    out.writeInt(channel.to());
    out.writeInt(channel.from());
    out.writeInt(epoch);
  }

  /**
   * Moves past the head, which the caller has read field by field, and checks the frames that
   * follow it; returns how many they are.
   */
  static int toTrain(ByteBuf record) throws NonsenseException {
    record.skipBytes(TRAIN_OVERHEAD);
    return frames(record, record.readerIndex());
  }

  /** Number of frames in the record of a train, or of a frame that is not due yet. */
  static int frames(ByteBuf record) throws NonsenseException {
    int overhead = type(record) == EARLY ? EARLY_OVERHEAD : TRAIN_OVERHEAD;
    return frames(record, record.readerIndex() + overhead);
  }

  private static int frames(ByteBuf record, int first) throws NonsenseException {
    int end = record.writerIndex();
    int count = 0;
    int at = first;
    do {
      int left = end - at - Framing.LENGTH_BYTES;
      int length = left < Framing.MIN_FRAME ? -1 : record.getInt(at);
      if (length < Framing.MIN_FRAME || length > Math.min(left, Framing.MAX_FRAME)) {
        throw new NonsenseException("it sent a frame whose lengths contradict each other");
      }
      count++;
      at += Framing.LENGTH_BYTES + length;
    } while (at < end);
    return count;
  }

  /** Like {@link #toTrain}, for one frame that is not due yet; returns the time left in ns. */
  static long toEarlyFrame(ByteBuf record) throws NonsenseException {
    if (record.readableBytes() < EARLY_OVERHEAD) {
      throw new NonsenseException("it sent a record of %d bytes".formatted(record.readableBytes()));
    }
    long remaining = record.getLong(record.readerIndex() + TRAIN_OVERHEAD);
    if (remaining <= 0 || remaining > MAX_REMAINING_NANOS) {
      throw new NonsenseException("it sent a frame delayed by %d ns".formatted(remaining));
    }
    record.skipBytes(Long.BYTES);
    if (toTrain(record) != 1) {
      throw new NonsenseException("it sent several frames where there may be one");
    }
    return remaining;
  }

  /** Reads what follows the head of a marker record. */
  static Marker readMarker(ByteBuf record) throws NonsenseException {
    int at = record.readerIndex() + TRAIN_OVERHEAD;
    int causes = record.readableBytes() == MARKER_SIZE ? record.getByte(at) : -1;
    if (causes != Drops.CAUSES) {
      throw new NonsenseException("it sent a marker of a wrong length");
    }
    Drops drops = new Drops();
    for (int cause = 0; cause < Drops.CAUSES; cause++) {
      long frames = record.getLong(at + 1 + cause * Long.BYTES);
      if (frames < 0) {
        throw new NonsenseException("it sent a marker with a negative count");
      }
      drops.add(DropCause.forNumber(cause), frames);
    }
    return new Marker(epoch(record), sequence(record), drops);
  }

  /** Bytes of the record at this place, its length included. */
  static int size(ByteBuf records, int at) {
    return Framing.LENGTH_BYTES + records.getInt(at);
  }

  static ChannelAddress channel(ByteBuf record) {
    return new ChannelAddress(network(record), from(record), to(record));
  }

  /** Whether a record is long enough to have the fields below. */
  static boolean hasHead(ByteBuf record) {
    return record.readableBytes() >= TRAIN_OVERHEAD;
  }

  static byte type(ByteBuf record) {
    return record.getByte(record.readerIndex() + Framing.LENGTH_BYTES);
  }

  static long network(ByteBuf record) {
    return record.getLong(record.readerIndex() + Framing.LENGTH_BYTES + 1);
  }

  static int to(ByteBuf record) {
    return record.getInt(record.readerIndex() + Framing.LENGTH_BYTES + 9);
  }

  static int from(ByteBuf record) {
    return record.getInt(record.readerIndex() + Framing.LENGTH_BYTES + 13);
  }

  static int epoch(ByteBuf record) {
    return record.getInt(record.readerIndex() + Framing.LENGTH_BYTES + 17);
  }

  static long sequence(ByteBuf record) {
    return record.getLong(record.readerIndex() + Framing.LENGTH_BYTES + 21);
  }
}
