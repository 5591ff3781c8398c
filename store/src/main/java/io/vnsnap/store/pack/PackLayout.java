package io.vnsnap.store.pack;

import io.vnsnap.store.record.Flaw;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** The bytes of a pack: see {@code docs/store-format.md}. */
final class PackLayout {
  static final int VERSION = 2;
  static final int HEADER_BYTES = 16;
  static final int GROUP_HEADER_BYTES = 16;
  static final int DIRECTORY_ENTRY_BYTES = 12;
  static final int TRAILER_BYTES = 32;

  /** Most bytes of a pack. */
  static final long MAX_BYTES = 1L << 30;

  /** Most pages of a pack. */
  static final int MAX_PAGES = 1 << 20;

  /** Most raw bytes of a group. */
  static final int MAX_GROUP_BYTES = 256 << 10;

  static final int RAW = 0;
  static final int ZSTD = 1;

  private static final long MAGIC = 0x564e_534e_4150_504bL; // "VNSNAPPK"
  private static final long END_MAGIC = 0x564e_534e_4150_5045L; // "VNSNAPPE"

  private PackLayout() {}

  static ByteBuffer header(long name, int scheme) {
    ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES);
    out.putLong(MAGIC).putShort((short) VERSION).putShort((short) scheme);
    out.putInt(crc(name, out.duplicate().flip()));
    return out.flip();
  }

  static void checkHeader(long name, int scheme, ByteBuffer in) throws Flaw {
    int crc = crc(name, in.duplicate().limit(HEADER_BYTES - Integer.BYTES));
    Flaw.when(in.getLong() != MAGIC, "it does not begin as a pack");
    int version = Short.toUnsignedInt(in.getShort());
    Flaw.when(
        version != VERSION, "it has version %d, this program reads version %d", version, VERSION);
    int stored = Short.toUnsignedInt(in.getShort());
    Flaw.when(in.getInt() != crc, "its header's checksum is wrong");
    Flaw.when(
        stored != scheme, "its page ids are of scheme %d, this store's of %d", stored, scheme);
  }

  /**
   * The first bytes of a group.
   *
   * @param storedBytes without this header
   */
  record GroupHeader(int codec, int shift, int pages, int storedBytes, int rawBytes) {

    /** Writes the header at the buffer's start, over the stored bytes that follow. */
    void encode(long pack, int number, ByteBuffer group) {
      group.put(0, (byte) codec).put(1, (byte) shift).putShort(2, (short) pages);
      group.putInt(4, storedBytes).putInt(8, rawBytes);
      group.putInt(12, groupCrc(pack, number, group));
    }

    /** Reads and checks a group that fills the buffer from 0 to its limit. */
    static GroupHeader decode(long pack, int number, ByteBuffer group) throws Flaw {
      Flaw.when(group.limit() < GROUP_HEADER_BYTES, "group %d is cut short", number);
      Flaw.when(
          group.getInt(12) != groupCrc(pack, number, group),
          "the checksum of group %d is wrong",
          number);
      GroupHeader header =
          new GroupHeader(
              Byte.toUnsignedInt(group.get(0)),
              Byte.toUnsignedInt(group.get(1)),
              Short.toUnsignedInt(group.getShort(2)),
              group.getInt(4),
              group.getInt(8));
      Flaw.when(
          !shiftIsKnown(header.shift)
              || header.pages < 1
              || header.pages > PagePlace.MAX_SLOTS
              || header.rawBytes != (long) header.pages << header.shift
              || header.rawBytes > MAX_GROUP_BYTES
              || header.storedBytes != group.limit() - GROUP_HEADER_BYTES
              || (header.codec == RAW
                  ? header.storedBytes != header.rawBytes
                  : header.codec != ZSTD),
          "the header of group %d makes no sense",
          number);
      return header;
    }

    private static int groupCrc(long pack, int number, ByteBuffer group) {
      CRC32C crc = new CRC32C();
      crc.update(ByteBuffer.allocate(12).putLong(pack).putInt(number).flip());
      ByteBuffer bytes = group.duplicate();
      crc.update(bytes.position(0).limit(12));
      crc.update(bytes.limit(group.limit()).position(GROUP_HEADER_BYTES));
      return (int) crc.getValue();
    }
  }

  static boolean shiftIsKnown(int shift) {
    return shift == 12 || shift == 16;
  }

  /** The last bytes of a pack. */
  record Trailer(int groups, int pages, int idsOffset, int idsCrc, int directoryCrc) {

    ByteBuffer encode(long name) {
      ByteBuffer out = ByteBuffer.allocate(TRAILER_BYTES);
      out.putInt(groups).putInt(pages).putInt(idsOffset).putInt(idsCrc).putInt(directoryCrc);
      out.putInt(crc(name, out.duplicate().flip())).putLong(END_MAGIC);
      return out.flip();
    }

    /**
     * Reads a trailer.
     *
     * @param packBytes length of the whole pack
     */
    static Trailer decode(long name, long packBytes, ByteBuffer in) throws Flaw {
      int crc = crc(name, in.slice(in.position(), 20));
      Trailer trailer =
          new Trailer(in.getInt(), in.getInt(), in.getInt(), in.getInt(), in.getInt());
      Flaw.when(
          in.getInt() != crc || in.getLong() != END_MAGIC,
          "it is cut short, or its trailer is damaged");
      Flaw.when(
          packBytes > MAX_BYTES
              || trailer.groups < 0
              || trailer.groups > PagePlace.MAX_GROUPS
              || trailer.pages < 0
              || trailer.pages > MAX_PAGES
              || trailer.idsOffset < HEADER_BYTES
              || trailer.directoryOffset() + trailer.directoryBytes() + TRAILER_BYTES != packBytes,
          "its length of %d bytes is wrong",
          packBytes);
      return trailer;
    }

    long idsBytes() {
      return (long) pages * PageIds.BYTES;
    }

    long directoryOffset() {
      return idsOffset + idsBytes();
    }

    long directoryBytes() {
      return (long) groups * DIRECTORY_ENTRY_BYTES;
    }
  }

  /** Checksum of the remaining bytes in this pack; leaves the position alone. */
  static int crc(long name, ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(ByteBuffer.allocate(Long.BYTES).putLong(name).flip());
    crc.update(bytes.duplicate());
    return (int) crc.getValue();
  }
}
