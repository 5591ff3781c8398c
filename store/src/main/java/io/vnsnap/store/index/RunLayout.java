package io.vnsnap.store.index;

import io.vnsnap.store.record.Flaw;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** The bytes of an index run: see {@code docs/store-format.md}. */
final class RunLayout {
  static final int VERSION = 2;
  static final int HEADER_BYTES = 40;
  static final int ENTRY_BYTES = 40;
  static final int ENTRY_LONGS = ENTRY_BYTES / Long.BYTES;
  static final int BLOCK_BYTES = 4096;
  static final int BLOCK_HEADER_BYTES = 4;
  static final int BLOCK_ENTRIES = 102;
  static final int FILTER_BLOCK_BYTES = 64;
  static final int ENTRIES_PER_FILTER_BLOCK = 64;

  /** Most entries of a run: as many as its blocks can be counted, with room to spare. */
  static final long MAX_ENTRIES = 1L << 33;

  /** Most packs a run may name. */
  static final int MAX_PACKS = 1 << 22;

  private static final long MAGIC = 0x564e_534e_4150_4958L; // "VNSNAPIX"

  private RunLayout() {}

  /**
   * The first bytes of a run.
   *
   * @param tablesCrc of packs, firsts and filter
   */
  record Header(int scheme, int blocks, long entries, int packs, int filterBlocks, int tablesCrc) {

    static Header of(int scheme, long entries, int packs, int tablesCrc) {
      return new Header(
          scheme,
          (int) Math.ceilDiv(entries, (long) BLOCK_ENTRIES),
          entries,
          packs,
          (int) Math.ceilDiv(entries, (long) ENTRIES_PER_FILTER_BLOCK),
          tablesCrc);
    }

    ByteBuffer encode(long name) {
      ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES);
      out.putLong(MAGIC).putShort((short) VERSION).putShort((short) scheme);
      out.putInt(blocks).putLong(entries).putInt(packs).putInt(filterBlocks).putInt(tablesCrc);
      out.putInt(crc(name, out.duplicate().flip()));
      return out.flip();
    }

    /**
     * Reads a header.
     *
     * @param runBytes length of the whole run
     */
    static Header decode(long name, long runBytes, ByteBuffer in) throws Flaw {
      int crc = crc(name, in.slice(in.position(), HEADER_BYTES - Integer.BYTES));
      Flaw.when(in.getLong() != MAGIC, "it does not begin as an index run");
      int version = Short.toUnsignedInt(in.getShort());
      Flaw.when(
          version != VERSION, "it has version %d, this program reads version %d", version, VERSION);
      int scheme = Short.toUnsignedInt(in.getShort());
      Header header =
          new Header(scheme, in.getInt(), in.getLong(), in.getInt(), in.getInt(), in.getInt());
      Flaw.when(in.getInt() != crc, "its header's checksum is wrong");
      Flaw.when(
          header.entries < 1
              || header.entries > MAX_ENTRIES
              || header.packs < 1
              || header.packs > MAX_PACKS
              || !header.equals(of(scheme, header.entries, header.packs, header.tablesCrc))
              || header.blocksOffset() + header.blocksBytes() != runBytes,
          "its length of %d bytes is wrong",
          runBytes);
      return header;
    }

    long filterOffset() {
      return HEADER_BYTES + (long) Long.BYTES * packs + (long) Long.BYTES * blocks;
    }

    long filterBytes() {
      return (long) filterBlocks * FILTER_BLOCK_BYTES;
    }

    long blocksOffset() {
      return filterOffset() + filterBytes();
    }

    long blocksBytes() {
      return (long) blocks * BLOCK_BYTES;
    }
  }

  /** In which filter block an id is. */
  static int filterBlock(long first, int filterBlocks) {
    return (int) Math.unsignedMultiplyHigh(first, filterBlocks);
  }

  /** The n-th bit that stands for an id in its filter block. */
  static int filterBit(long second, int n) {
    return (int) (second >>> (9 * n)) & 511;
  }

  static final int FILTER_BITS = 6;

  /** Checksum of remaining bytes in this run; leaves the position alone. */
  static int crc(long name, ByteBuffer bytes) {
    CRC32C crc = crc(name);
    crc.update(bytes.duplicate());
    return (int) crc.getValue();
  }

  /** A checksum that covers the run's name, to be continued. */
  static CRC32C crc(long name) {
    CRC32C crc = new CRC32C();
    crc.update(ByteBuffer.allocate(Long.BYTES).putLong(name).flip());
    return crc;
  }

  static int blockCrc(long name, int number, ByteBuffer block) {
    CRC32C crc = crc(name);
    crc.update(ByteBuffer.allocate(Integer.BYTES).putInt(number).flip());
    crc.update(block.slice(0, BLOCK_BYTES - Integer.BYTES));
    return (int) crc.getValue();
  }
}
