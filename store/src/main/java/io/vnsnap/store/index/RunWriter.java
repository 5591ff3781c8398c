package io.vnsnap.store.index;

import io.vnsnap.store.place.Place;
import io.vnsnap.store.record.ObjectNames;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Writes an index run. What comes before the blocks must be known first, so the entries are gone
 * through twice. Used by one thread.
 */
final class RunWriter {
  private static final int BUFFER_BLOCKS = 64;

  /** Gives entries in the order of their ids, as often as it is asked. */
  interface Source {
    void forEach(EntryConsumer consumer) throws IOException;
  }

  /** Takes an entry: the id, and pack (place in the table) × 2^32 + group × 256 + slot. */
  interface EntryConsumer {
    void accept(long a, long b, long c, long d, long where) throws IOException;
  }

  private RunWriter() {}

  /**
   * Writes a run.
   *
   * @param entries how many the source gives, at least one
   */
  static void write(Place place, long name, int scheme, long[] packs, long entries, Source source)
      throws IOException {
    var sizes = RunLayout.Header.of(scheme, entries, packs.length, 0);
    Tables tables = new Tables(sizes, packs);
    source.forEach(tables);
    tables.mustHave(entries);
    CRC32C crc = RunLayout.crc(name);
    crc.update(tables.packsAndFirsts.flip());
    crc.update(tables.filter.duplicate());
    try (Place.Output out = place.create(ObjectNames.index(name))) {
      out.write(
          RunLayout.Header.of(scheme, entries, packs.length, (int) crc.getValue()).encode(name));
      out.write(tables.packsAndFirsts.rewind());
      out.write(tables.filter);
      Blocks blocks = new Blocks(name, out);
      source.forEach(blocks);
      blocks.finish();
      out.commit();
    }
  }

  private static final class Tables implements EntryConsumer {
    private final ByteBuffer packsAndFirsts;
    private final ByteBuffer filter;
    private final int filterBlocks;
    private long entries;

    Tables(RunLayout.Header sizes, long[] packs) throws IOException {
      if (sizes.filterOffset() > Integer.MAX_VALUE || sizes.filterBytes() > Integer.MAX_VALUE) {
        throw new IOException("an index run of %d entries is too long".formatted(sizes.entries()));
      }
      this.packsAndFirsts =
          ByteBuffer.allocate((int) sizes.filterOffset() - RunLayout.HEADER_BYTES);
      this.filter = ByteBuffer.allocate((int) sizes.filterBytes());
      this.filterBlocks = sizes.filterBlocks();
      for (long pack : packs) {
        packsAndFirsts.putLong(pack);
      }
    }

    @Override
    public void accept(long a, long b, long c, long d, long where) {
      if (entries % RunLayout.BLOCK_ENTRIES == 0) {
        packsAndFirsts.putLong(a);
      }
      entries++;
      int block = RunLayout.filterBlock(a, filterBlocks) * RunLayout.FILTER_BLOCK_BYTES;
      for (int n = 0; n < RunLayout.FILTER_BITS; n++) {
        int bit = RunLayout.filterBit(b, n);
        int at = block + (bit >>> 3);
        filter.put(at, (byte) (filter.get(at) | 1 << (bit & 7)));
      }
    }

    void mustHave(long expected) {
      if (entries != expected) {
        throw new IllegalStateException(
            "%d entries were announced, there are %d".formatted(expected, entries));
      }
    }
  }

  private static final class Blocks implements EntryConsumer {
    private final long name;
    private final Place.Output out;
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BLOCKS * RunLayout.BLOCK_BYTES);
    private int number;
    private int inBlock;
    private ByteBuffer block;

    Blocks(long name, Place.Output out) {
      this.name = name;
      this.out = out;
      this.block = nextBlock();
    }

    private ByteBuffer nextBlock() {
      return buffer
          .slice(buffer.position(), RunLayout.BLOCK_BYTES)
          .position(RunLayout.BLOCK_HEADER_BYTES);
    }

    @Override
    public void accept(long a, long b, long c, long d, long where) throws IOException {
      if (inBlock == RunLayout.BLOCK_ENTRIES) {
        endBlock();
      }
      block.putLong(a).putLong(b).putLong(c).putLong(d).putLong(where);
      inBlock++;
    }

    private void endBlock() throws IOException {
      while (block.position() < RunLayout.BLOCK_BYTES - Integer.BYTES) {
        block.put((byte) 0);
      }
      block.putShort(0, (short) inBlock).putShort(Short.BYTES, (short) 0);
      block.putInt(RunLayout.blockCrc(name, number, block));
      number++;
      inBlock = 0;
      buffer.position(buffer.position() + RunLayout.BLOCK_BYTES);
      if (!buffer.hasRemaining()) {
        flush();
      }
      block = nextBlock();
    }

    void finish() throws IOException {
      if (inBlock > 0) {
        endBlock();
      }
      flush();
    }

    private void flush() throws IOException {
      out.write(buffer.flip());
      buffer.clear();
    }
  }
}
