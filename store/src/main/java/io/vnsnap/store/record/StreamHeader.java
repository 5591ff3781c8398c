package io.vnsnap.store.record;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * The first bytes of a stream object.
 *
 * @param kindCode what the object holds, see {@link RecordKind}
 * @param chunkBytes most bytes of payload in a chunk; all but the last have as many
 * @param salt ties chunks to this object
 * @param name of the object
 */
record StreamHeader(int kindCode, int chunkBytes, long salt, String name) {
  static final int VERSION = 2;
  public static final int MIN_CHUNK_BYTES = 4 << 10;
  static final int MAX_CHUNK_BYTES = 4 << 20;
  static final int MAX_NAME_BYTES = 255;

  /** Bytes before the name. */
  static final int FIXED_BYTES = 8 + 2 + 2 + 4 + 8 + 2;

  static final int MAX_BYTES = FIXED_BYTES + MAX_NAME_BYTES + Integer.BYTES;

  private static final long MAGIC = 0x564e_534e_4150_5346L; // "VNSNAPSF"

  StreamHeader {
    if (chunkBytes < MIN_CHUNK_BYTES || chunkBytes > MAX_CHUNK_BYTES) {
      throw new IllegalArgumentException(
          "a chunk has %d to %d bytes, not %d"
              .formatted(MIN_CHUNK_BYTES, MAX_CHUNK_BYTES, chunkBytes));
    }
    if (name.isEmpty() || name.length() > MAX_NAME_BYTES) {
      throw new IllegalArgumentException("a name has 1 to %d bytes".formatted(MAX_NAME_BYTES));
    }
  }

  /** Length when written. */
  int bytes() {
    return FIXED_BYTES + name.length() + Integer.BYTES;
  }

  ByteBuffer encode() {
    ByteBuffer out = ByteBuffer.allocate(bytes());
    out.putLong(MAGIC).putShort((short) VERSION).putShort((short) kindCode).putInt(chunkBytes);
    out.putLong(salt).putShort((short) name.length());
    out.put(name.getBytes(StandardCharsets.US_ASCII));
    out.putInt(crc(out.duplicate().flip()));
    return out.flip();
  }

  /**
   * Reads a header from the buffer's position on and moves it behind.
   *
   * @throws Flaw saying what is wrong with it
   */
  static StreamHeader decode(ByteBuffer in) throws Flaw {
    int start = in.position();
    Flaw.when(in.remaining() < FIXED_BYTES, "it ends within the header");
    Flaw.when(in.getLong() != MAGIC, "it does not begin as a file of the store");
    int version = Short.toUnsignedInt(in.getShort());
    Flaw.when(
        version != VERSION, "it has version %d, this program reads version %d", version, VERSION);
    int kind = Short.toUnsignedInt(in.getShort());
    int chunkBytes = in.getInt();
    long salt = in.getLong();
    int nameBytes = Short.toUnsignedInt(in.getShort());
    Flaw.when(
        nameBytes < 1 || nameBytes > MAX_NAME_BYTES || in.remaining() < nameBytes + Integer.BYTES,
        "it ends within the header, or the header is damaged");
    byte[] name = new byte[nameBytes];
    in.get(name);
    int crc = crc(in.duplicate().flip().position(start));
    Flaw.when(crc != in.getInt(), "the header's checksum is wrong");
    Flaw.when(
        chunkBytes < MIN_CHUNK_BYTES || chunkBytes > MAX_CHUNK_BYTES,
        "its chunk size of %d bytes is out of bounds",
        chunkBytes);
    return new StreamHeader(kind, chunkBytes, salt, new String(name, StandardCharsets.US_ASCII));
  }

  private static int crc(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }
}
