package io.vnsnap.store.map;

import com.google.protobuf.ByteString;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.pack.PackNames;
import io.vnsnap.store.pack.PageIds;
import io.vnsnap.store.pack.PagePlace;
import io.vnsnap.store.place.Place;
import io.vnsnap.store.record.ObjectNames;
import io.vnsnap.store.record.RecordKind;
import io.vnsnap.store.record.RecordWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes a page map, as what differs from a parent where that is worth it. Used by one thread. */
public final class MapWriter {
  static final int ZERO = 0;
  static final int HERE = 1;
  static final int INHERITED = 2;
  static final int KIND_BITS = 2;

  /** A chain names at most one page in so many anew before a map names all. */
  private static final int WORTHWHILE = 2;

  private final PageTable table;
  private final PackNames names;
  private final Map<Integer, Integer> packs = new HashMap<>();
  private final List<Long> packNames = new ArrayList<>();
  private @Nullable PageMap parent;
  private long explicitPages;

  private MapWriter(PageTable table, PackNames names, @Nullable PageMap parent) {
    this.table = table;
    this.names = names;
    this.parent = parent;
  }

  /**
   * Writes the map.
   *
   * @param parent what it may refer to; durable, and of the same page length
   * @param chunkBytes payload covered by one checksum
   * @param salt random
   * @return the map; it shares the table, which is not retained
   */
  public static Written write(
      Place place,
      long name,
      PageTable table,
      PackNames names,
      @Nullable PageMap parent,
      int chunkBytes,
      long salt)
      throws IOException {
    return new MapWriter(table, names, parent).write(place, name, chunkBytes, salt);
  }

  /**
   * A map that is durable.
   *
   * @param bytes length of its object, about
   */
  public record Written(PageMap map, long bytes) {}

  private Written write(Place place, long name, int chunkBytes, long salt) throws IOException {
    ByteString root = MapRoot.of(table);
    chooseParent();
    PageMap chosen = parent;
    int depth = chosen == null ? 0 : chosen.depth() + 1;
    long changed = chosen == null ? 0 : chosen.changedPages() + explicitPages;
    try (RecordWriter out =
        RecordWriter.create(
            place, RecordKind.PAGE_MAP, ObjectNames.image(name), chunkBytes, salt)) {
      out.write(header(depth, root, chosen));
      for (ImageReader.Block block : table.blocks()) {
        out.write(MapRoot.encode(block));
      }
      out.write(ByteBuffer.allocate(Integer.BYTES).putInt(packNames.size()).flip());
      for (long pack : packNames) {
        out.write(ByteBuffer.allocate(Long.BYTES).putLong(pack).flip());
      }
      forEachRun((kind, block, page, count) -> writeRun(out, kind, block, page, count));
      long bytes = out.commit().bytes();
      return new Written(new PageMap(name, depth, changed, root, table), bytes);
    }
  }

  private ByteBuffer header(int depth, ByteString root, @Nullable PageMap chosen) {
    ByteBuffer out = ByteBuffer.allocate(MapReader.HEADER_BYTES);
    out.put((byte) table.shift()).put((byte) depth).putShort((short) 0);
    out.put(root.asReadOnlyByteBuffer()).putLong(chosen == null ? 0 : chosen.name());
    return out.putLong(table.restBytes()).putInt(table.blockCount()).flip();
  }

  /** Decides whether to refer to the parent; collects the packs that are named then. */
  private void chooseParent() throws IOException {
    PageMap offered = parent;
    if (offered != null && offered.depth() < PageMap.MAX_DEPTH) {
      collect();
      if ((explicitPages + offered.changedPages()) * WORTHWHILE <= storedPages()) {
        return;
      }
    }
    parent = null;
    collect();
  }

  private long storedPages() {
    long stored = 0;
    for (int block = PageTable.REST; block < table.blockCount(); block++) {
      stored += table.countNonZero(block);
    }
    return stored;
  }

  private void collect() throws IOException {
    explicitPages = 0;
    packs.clear();
    packNames.clear();
    forEachRun((kind, block, page, count) -> {
      if (kind == HERE) {
        explicitPages += count;
        for (long i = 0; i < count; i++) {
          int pack = PagePlace.pack(table.place(block, page + i));
          if (packs.putIfAbsent(pack, packs.size()) == null) {
            packNames.add(names.name(pack));
          }
        }
      }
    });
  }

  /** Takes a run of pages of one kind. */
  private interface RunConsumer {
    void accept(int kind, int block, long page, long count) throws IOException;
  }

  private void forEachRun(RunConsumer consumer) throws IOException {
    for (int block = 0; block < table.blockCount(); block++) {
      forEachRun(block, consumer);
    }
    forEachRun(PageTable.REST, consumer);
  }

  private void forEachRun(int block, RunConsumer consumer) throws IOException {
    PageMap from = parent;
    PageTable theirs = from == null ? null : from.table();
    int theirBlock = PageTable.REST;
    if (theirs != null && block != PageTable.REST) {
      theirBlock = theirs.block(table.name(block));
      theirs = theirBlock < 0 ? null : theirs;
    }
    long theirPages = theirs == null ? 0 : theirs.pages(theirBlock);
    long pages = table.pages(block);
    long begun = 0;
    int current = ZERO;
    for (long page = 0; page < pages; page++) {
      int kind = HERE;
      if (theirs != null
          && page < theirPages
          && current == INHERITED
          && table.isSame(block, page, theirs, theirBlock, page)) {
        kind = INHERITED;
      } else if (table.isZero(block, page)) {
        kind = ZERO;
      } else if (theirs != null
          && page < theirPages
          && table.isSame(block, page, theirs, theirBlock, page)) {
        kind = INHERITED;
      }
      if (kind != current) {
        if (page > begun) {
          consumer.accept(current, block, begun, page - begun);
        }
        begun = page;
        current = kind;
      }
    }
    if (pages > begun) {
      consumer.accept(current, block, begun, pages - begun);
    }
  }

  private void writeRun(RecordWriter out, int kind, int block, long page, long count)
      throws IOException {
    long word = count << KIND_BITS | kind;
    while (word >>> 7 != 0) {
      out.write((int) ((word & 0x7f) | 0x80));
      word >>>= 7;
    }
    out.write((int) word);
    if (kind != HERE) {
      return;
    }
    long[] id = new long[PageIds.LONGS];
    ByteBuffer entry = ByteBuffer.allocate(MapReader.ENTRY_BYTES);
    for (long i = 0; i < count; i++) {
      table.id(block, page + i, id);
      long place = table.place(block, page + i);
      entry.clear();
      for (long part : id) {
        entry.putLong(part);
      }
      entry.putInt(ordinalHere(place)).putInt(PagePlace.groupAndSlot(place));
      out.write(entry.flip());
    }
  }

  private int ordinalHere(long place) {
    Integer here = packs.get(PagePlace.pack(place));
    if (here == null) {
      throw new IllegalStateException("a page's pack was not collected");
    }
    return here;
  }
}
