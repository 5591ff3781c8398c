package io.vnsnap.store.index;

import io.vnsnap.store.pack.PackNames;
import io.vnsnap.store.pack.PageIds;
import io.vnsnap.store.pack.PagePlace;
import io.vnsnap.store.place.Place;
import io.vnsnap.store.record.Damage;
import io.vnsnap.store.record.Flaw;
import io.vnsnap.store.record.ObjectNames;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** One index run that is read. Safe for use by several threads. */
final class IndexRun implements Closeable {
  /** Tables are read in pieces of at most this. */
  private static final int MOST_BYTES_AT_ONCE = 1 << 20;

  private final Place place;
  private final long name;
  private final Place.Input in;
  private final RunLayout.Header header;
  private final long[] packNames;
  private final int[] packs;
  private final long[] firsts;
  private final @Nullable ByteBuffer filter;
  private final @Nullable ByteBuffer blocks;
  private final AtomicLong budget;
  private final long held;

  private IndexRun(
      Place place,
      long name,
      Place.Input in,
      RunLayout.Header header,
      PackNames names,
      AtomicLong budget)
      throws IOException, Flaw {
    this.place = place;
    this.name = name;
    this.in = in;
    this.header = header;
    this.budget = budget;
    var crc = RunLayout.crc(name);
    this.packNames = longs(RunLayout.HEADER_BYTES, header.packs(), crc);
    this.firsts =
        longs(RunLayout.HEADER_BYTES + (long) Long.BYTES * header.packs(), header.blocks(), crc);
    this.packs = new int[header.packs()];
    for (int i = 0; i < packs.length; i++) {
      packs[i] = names.ordinal(packNames[i]);
    }
    boolean filterFits = fits(budget, header.filterBytes());
    this.filter = filter(filterFits, crc);
    Flaw.when((int) crc.getValue() != header.tablesCrc(), "the checksum of its tables is wrong");
    boolean blocksFit = filterFits && fits(budget, header.blocksBytes());
    this.blocks = blocksFit ? blocks() : null;
    this.held = (filterFits ? header.filterBytes() : 0) + (blocksFit ? header.blocksBytes() : 0);
  }

  /**
   * Opens a run, checks it, and takes as much of it into memory as the budget has bytes.
   *
   * @throws java.nio.file.NoSuchFileException if it is absent
   * @throws io.vnsnap.store.DamagedSnapshotException if it is not what was written
   */
  static IndexRun open(Place place, long name, int scheme, PackNames names, AtomicLong budget)
      throws IOException {
    Place.Input in = place.open(ObjectNames.index(name));
    try {
      Flaw.when(in.bytes() < RunLayout.HEADER_BYTES, "it is cut short");
      ByteBuffer first = ByteBuffer.allocate(RunLayout.HEADER_BYTES);
      in.read(first, 0);
      var header = RunLayout.Header.decode(name, in.bytes(), first.flip());
      Flaw.when(
          header.scheme() != scheme,
          "its page ids are of scheme %d, this store's of %d",
          header.scheme(),
          scheme);
      return new IndexRun(place, name, in, header, names, budget);
    } catch (Flaw flaw) {
      try (in) {
        throw damaged(place, name, flaw.what());
      }
    } catch (EOFException e) {
      try (in) {
        throw damaged(place, name, "it is cut short");
      }
    } catch (IOException | RuntimeException | Error e) {
      try (in) {
        throw e;
      }
    }
  }

  private static boolean fits(AtomicLong budget, long bytes) {
    if (bytes > Integer.MAX_VALUE) {
      return false;
    }
    if (budget.addAndGet(-bytes) < 0) {
      budget.addAndGet(bytes);
      return false;
    }
    return true;
  }

  private long[] longs(long position, int count, CRC32C crc) throws IOException {
    long[] longs = new long[count];
    ByteBuffer piece =
        ByteBuffer.allocate((int) Math.min(MOST_BYTES_AT_ONCE, (long) Long.BYTES * count));
    for (int done = 0; done < count; ) {
      int now = Math.min(count - done, piece.capacity() / Long.BYTES);
      in.read(piece.clear().limit(now * Long.BYTES), position + (long) done * Long.BYTES);
      crc.update(piece.flip());
      piece.rewind().asLongBuffer().get(longs, done, now);
      done += now;
    }
    return longs;
  }

  private @Nullable ByteBuffer filter(boolean keep, CRC32C crc) throws IOException {
    long bytes = header.filterBytes();
    ByteBuffer kept = keep ? ByteBuffer.allocateDirect((int) bytes) : null;
    ByteBuffer piece = ByteBuffer.allocate((int) Math.min(MOST_BYTES_AT_ONCE, bytes));
    for (long done = 0; done < bytes; ) {
      int now = (int) Math.min(bytes - done, piece.capacity());
      in.read(piece.clear().limit(now), header.filterOffset() + done);
      crc.update(piece.flip());
      if (kept != null) {
        kept.put(piece.rewind());
      }
      done += now;
    }
    return kept;
  }

  private ByteBuffer blocks() throws IOException, Flaw {
    ByteBuffer kept = ByteBuffer.allocateDirect((int) header.blocksBytes());
    in.read(kept, header.blocksOffset());
    for (int number = 0; number < header.blocks(); number++) {
      checkBlock(number, kept.slice(number * RunLayout.BLOCK_BYTES, RunLayout.BLOCK_BYTES));
    }
    return kept;
  }

  private void checkBlock(int number, ByteBuffer block) throws Flaw {
    Flaw.when(
        block.getInt(RunLayout.BLOCK_BYTES - Integer.BYTES)
            != RunLayout.blockCrc(name, number, block),
        "the checksum of block %d is wrong",
        number);
    Flaw.when(entriesOf(block) != entriesOf(number), "block %d has too few entries", number);
  }

  private int entriesOf(int number) {
    long before = (long) number * RunLayout.BLOCK_ENTRIES;
    return (int) Math.min(RunLayout.BLOCK_ENTRIES, header.entries() - before);
  }

  private static int entriesOf(ByteBuffer block) {
    return Short.toUnsignedInt(block.getShort(0));
  }

  long name() {
    return name;
  }

  long entries() {
    return header.entries();
  }

  /** Names of the packs it speaks of. */
  long[] packNames() {
    return packNames.clone();
  }

  /**
   * Where a page is.
   *
   * @param believingFilter false: look also if the filter says that it is not here
   * @return {@link PagePlace#NONE} if it is not here, or in a pack that is not wanted
   */
  long find(long[] id, PackFilter wanted, boolean believingFilter) throws IOException {
    if (believingFilter && !mayHave(id)) {
      return PagePlace.NONE;
    }
    // Equal first longs may spread over blocks: begin where the first of them can be.
    for (int number = lastBlockBelow(id[0]); number < firsts.length; number++) {
      if (Long.compareUnsigned(firsts[number], id[0]) > 0) {
        return PagePlace.NONE;
      }
      ByteBuffer block = block(number);
      int entry = firstNotBelow(block, id);
      for (; entry < entriesOf(block); entry++) {
        if (!equal(block, entry, id)) {
          return PagePlace.NONE;
        }
        long found = place(block, entry, wanted);
        if (found != PagePlace.NONE) {
          return found;
        }
      }
    }
    return PagePlace.NONE;
  }

  private boolean mayHave(long[] id) throws IOException {
    long offset =
        (long) RunLayout.filterBlock(id[0], header.filterBlocks()) * RunLayout.FILTER_BLOCK_BYTES;
    ByteBuffer bits = filter;
    int at = (int) offset;
    if (bits == null) {
      bits = ByteBuffer.allocate(RunLayout.FILTER_BLOCK_BYTES);
      in.read(bits, header.filterOffset() + offset);
      at = 0;
    }
    for (int n = 0; n < RunLayout.FILTER_BITS; n++) {
      int bit = RunLayout.filterBit(id[1], n);
      if ((bits.get(at + (bit >>> 3)) & 1 << (bit & 7)) == 0) {
        return false;
      }
    }
    return true;
  }

  /** The last block whose first id is smaller in its first long, or 0. */
  private int lastBlockBelow(long first) {
    int low = 0;
    int high = firsts.length - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (Long.compareUnsigned(firsts[middle], first) < 0) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  private ByteBuffer block(int number) throws IOException {
    if (blocks != null) {
      return blocks.slice(number * RunLayout.BLOCK_BYTES, RunLayout.BLOCK_BYTES);
    }
    ByteBuffer block = ByteBuffer.allocate(RunLayout.BLOCK_BYTES);
    try {
      in.read(block, header.blocksOffset() + (long) number * RunLayout.BLOCK_BYTES);
      checkBlock(number, block.flip());
      return block;
    } catch (Flaw flaw) {
      throw damaged(place, name, flaw.what());
    } catch (EOFException e) {
      throw damaged(place, name, "it is cut short");
    }
  }

  private static int firstNotBelow(ByteBuffer block, long[] id) {
    int low = 0;
    int high = entriesOf(block);
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (compare(block, middle, id) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private static int at(int entry) {
    return RunLayout.BLOCK_HEADER_BYTES + entry * RunLayout.ENTRY_BYTES;
  }

  private static int compare(ByteBuffer block, int entry, long[] id) {
    int at = at(entry);
    for (int part = 0; part < PageIds.LONGS; part++) {
      int order = Long.compareUnsigned(block.getLong(at + part * Long.BYTES), id[part]);
      if (order != 0) {
        return order;
      }
    }
    return 0;
  }

  private static boolean equal(ByteBuffer block, int entry, long[] id) {
    return compare(block, entry, id) == 0;
  }

  private long place(ByteBuffer block, int entry, PackFilter wanted) throws IOException {
    int pack = packOf(block, entry);
    if (!wanted.accepts(packs[pack])) {
      return PagePlace.NONE;
    }
    return PagePlace.of(packs[pack], block.getInt(at(entry) + PageIds.BYTES + Integer.BYTES));
  }

  private int packOf(ByteBuffer block, int entry) throws IOException {
    int pack = block.getInt(at(entry) + PageIds.BYTES);
    if (pack < 0 || pack >= packs.length) {
      throw damaged(place, name, "an entry names pack %d of %d".formatted(pack, packs.length));
    }
    return pack;
  }

  /** Goes through all entries in the order of their ids. Used by one thread. */
  final class Cursor {
    private int number = -1;
    private int entry;
    private @Nullable ByteBuffer block;

    /** Goes to the next entry; false after the last one. */
    boolean next() throws IOException {
      ByteBuffer current = block;
      if (current != null && ++entry < entriesOf(current)) {
        return true;
      }
      number++;
      entry = 0;
      if (number == header.blocks()) {
        block = null;
        return false;
      }
      block = IndexRun.this.block(number);
      return true;
    }

    private ByteBuffer current() {
      ByteBuffer current = block;
      if (current == null) {
        throw new IllegalStateException("there is no entry here");
      }
      return current;
    }

    long id(int part) {
      return current().getLong(at(entry) + part * Long.BYTES);
    }

    /** Place of the entry's pack in the run's table. */
    int pack() throws IOException {
      return packOf(current(), entry);
    }

    int groupAndSlot() {
      return current().getInt(at(entry) + PageIds.BYTES + Integer.BYTES);
    }

    int compareTo(Cursor other) {
      for (int part = 0; part < PageIds.LONGS; part++) {
        int order = Long.compareUnsigned(id(part), other.id(part));
        if (order != 0) {
          return order;
        }
      }
      return 0;
    }
  }

  private static IOException damaged(Place place, long name, String what) {
    return Damage.of(place, "index run", ObjectNames.index(name), what);
  }

  @Override
  public void close() throws IOException {
    budget.addAndGet(held);
    in.close();
  }
}
