package io.vnsnap.store.map;

import com.google.protobuf.ByteString;
import io.vnsnap.store.pack.PackNames;
import io.vnsnap.store.pack.PageIds;
import io.vnsnap.store.pack.PagePlace;
import io.vnsnap.store.place.Place;
import io.vnsnap.store.record.Damage;
import io.vnsnap.store.record.ObjectNames;
import io.vnsnap.store.record.RecordKind;
import io.vnsnap.store.record.RecordReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads page maps. Used by one thread. */
public final class MapReader {
  static final int HEADER_BYTES = 4 + 32 + 8 + 8 + 4;
  static final int ENTRY_BYTES = PageIds.BYTES + 4 + 4;

  private static final int ENTRIES_AT_ONCE = 1024;

  /** Most packs that a map may name. */
  private static final int MAX_PACKS = 1 << 22;

  private final RecordReader in;
  private final Header header;

  /**
   * What a map says before its pages.
   *
   * @param name number in the name of its object
   * @param parent number in its parent's name; 0: it has none
   * @param bytes length of the content
   * @param packs names of the packs that it names itself
   */
  public record Header(
      long name,
      int shift,
      int depth,
      ByteString root,
      long parent,
      long bytes,
      List<Long> packs) {}

  private final PageTable table;
  private final int[] packs;

  private MapReader(RecordReader in, long name, Slabs slabs, PackNames names) throws IOException {
    this.in = in;
    ByteBuffer fixed = ByteBuffer.wrap(in.read(HEADER_BYTES));
    int shift = fixed.get();
    int depth = fixed.get();
    int zero = fixed.getShort();
    ByteString root = ByteString.copyFrom(fixed, 32);
    long parent = fixed.getLong();
    long rest = fixed.getLong();
    int blocks = fixed.getInt();
    if ((shift != 12 && shift != 16)
        || zero != 0
        || depth < 0
        || depth > PageMap.MAX_DEPTH
        || depth == 0 != (parent == 0)
        || rest < 0
        || rest >>> shift > PageTable.MAX_PAGES
        || blocks < 0
        || blocks > PageTable.MAX_BLOCKS) {
      throw in.damaged("its header makes no sense");
    }
    this.table = new PageTable(slabs, shift);
    try {
      readBlocks(blocks);
      table.setRestBytes(rest);
    } catch (IllegalArgumentException e) {
      throw in.damaged(String.valueOf(e.getMessage()));
    }
    int count = in.readInt();
    if (count < 0 || count > MAX_PACKS || (long) count * Long.BYTES > in.left()) {
      throw in.damaged("it names %d packs".formatted(count));
    }
    this.packs = new int[count];
    List<Long> packNames = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long pack = in.readLong();
      packNames.add(pack);
      packs[i] = names.ordinal(pack);
    }
    this.header =
        new Header(name, shift, depth, root, parent, table.bytes(), List.copyOf(packNames));
  }

  private void readBlocks(int blocks) throws IOException {
    for (int block = 0; block < blocks; block++) {
      long bytes = in.readLong();
      String name = new String(in.read(in.readByte()), StandardCharsets.US_ASCII);
      int unused = table.addBlock(name, bytes);
    }
  }

  /**
   * Reads a map and its ancestors.
   *
   * @return to be closed
   * @throws io.vnsnap.store.DamagedSnapshotException if one of them is missing or wrong
   */
  public static PageMap read(Place place, long name, Slabs slabs, PackNames names)
      throws IOException {
    return read(place, name, slabs, names, PageMap.MAX_DEPTH, 0);
  }

  private static PageMap read(
      Place place, long name, Slabs slabs, PackNames names, int mostDepth, int shift)
      throws IOException {
    MapReader reader = null;
    PageMap parent = null;
    try (RecordReader in = open(place, name)) {
      reader = new MapReader(in, name, slabs, names);
      Header header = reader.header;
      if (header.depth > mostDepth || (shift != 0 && shift != header.shift)) {
        throw in.damaged("it cannot be its child's parent");
      }
      if (header.parent != 0) {
        parent = read(place, header.parent, slabs, names, header.depth - 1, header.shift);
        if (parent.depth() != header.depth - 1) {
          throw in.damaged("its depth is not one more than its parent's");
        }
      }
      long explicit = reader.readRuns(parent == null ? null : parent.table());
      in.checkEnd();
      PageTable table = reader.table;
      reader = null;
      return new PageMap(
          name,
          header.depth,
          parent == null ? 0 : parent.changedPages() + explicit,
          header.root,
          table);
    } finally {
      if (reader != null) {
        reader.table.close();
      }
      if (parent != null) {
        parent.close();
      }
    }
  }

  /** Reads what a map says before its pages. */
  public static Header header(Place place, long name, Slabs slabs, PackNames names)
      throws IOException {
    try (RecordReader in = open(place, name)) {
      MapReader reader = new MapReader(in, name, slabs, names);
      reader.table.close();
      return reader.header;
    }
  }

  private static RecordReader open(Place place, long name) throws IOException {
    try {
      return RecordReader.open(place, RecordKind.PAGE_MAP, ObjectNames.image(name));
    } catch (NoSuchFileException e) {
      throw Damage.missing(place, RecordKind.PAGE_MAP.word, ObjectNames.image(name));
    }
  }

  /** Returns how many pages are named here. */
  private long readRuns(@Nullable PageTable parent) throws IOException {
    long explicit = 0;
    for (int block = 0; block < table.blockCount(); block++) {
      explicit += readRuns(block, parent);
    }
    return explicit + readRuns(PageTable.REST, parent);
  }

  private long readRuns(int block, @Nullable PageTable parent) throws IOException {
    long explicit = 0;
    long pages = table.pages(block);
    for (long page = 0; page < pages; ) {
      long word = readVarint();
      long count = word >>> MapWriter.KIND_BITS;
      if (count < 1 || count > pages - page) {
        throw in.damaged("a run of %d pages is longer than its block".formatted(count));
      }
      switch ((int) word & (1 << MapWriter.KIND_BITS) - 1) {
        case MapWriter.ZERO -> {}
        case MapWriter.HERE -> {
          readEntries(block, page, count);
          explicit += count;
        }
        case MapWriter.INHERITED -> inherit(block, page, count, parent);
        default -> throw in.damaged("it has a run of an unknown kind");
      }
      page += count;
    }
    return explicit;
  }

  private long readVarint() throws IOException {
    long word = 0;
    for (int bits = 0; bits < Long.SIZE - 1; bits += 7) {
      int next = in.readByte();
      word |= (long) (next & 0x7f) << bits;
      if (next < 0x80) {
        return word;
      }
    }
    throw in.damaged("a run's length is too long");
  }

  private void readEntries(int block, long first, long count) throws IOException {
    if (count > in.left() / ENTRY_BYTES) {
      throw in.damaged("it ends too early");
    }
    int most = (int) Math.min(count, ENTRIES_AT_ONCE);
    ByteBuffer entries = ByteBuffer.allocate(most * ENTRY_BYTES);
    for (long page = first; page < first + count; ) {
      long left = first + count - page;
      in.read(entries.clear().limit((int) Math.min(left, most) * ENTRY_BYTES));
      entries.flip();
      for (; entries.hasRemaining(); page++) {
        readEntry(block, page, entries);
      }
    }
  }

  private void readEntry(int block, long page, ByteBuffer entries) throws IOException {
    int at = entries.position();
    int pack = entries.getInt(at + PageIds.BYTES);
    int groupAndSlot = entries.getInt(at + PageIds.BYTES + Integer.BYTES);
    if (pack < 0
        || pack >= packs.length
        || !table.enter(block, page, entries, PagePlace.of(packs[pack], groupAndSlot))) {
      throw in.damaged("the entry of page %d makes no sense".formatted(page));
    }
    entries.position(at + ENTRY_BYTES);
  }

  private void inherit(int block, long first, long count, @Nullable PageTable parent)
      throws IOException {
    int from = parent == null || block == PageTable.REST ? block : parent.block(table.name(block));
    if (parent == null || from < PageTable.REST || first + count > parent.pages(from)) {
      throw in.damaged("it inherits pages that its parent does not have");
    }
    for (long page = first; page < first + count; page++) {
      table.copy(block, page, parent, from, page);
    }
  }
}
