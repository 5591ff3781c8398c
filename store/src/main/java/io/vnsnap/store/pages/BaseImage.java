package io.vnsnap.store.pages;

import io.vnsnap.store.map.PageMap;
import io.vnsnap.store.map.PageTable;
import io.vnsnap.store.pack.NhHash;
import io.vnsnap.store.pack.PageIds;
import io.vnsnap.store.pack.PagePlace;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;

/**
 * The image of which a new one is a change. Garbage collection may have written pages of it anew,
 * in other packs than its map names, or may be about to: those are referred to where they are now,
 * or stored again. Used by one thread.
 */
final class BaseImage implements Closeable {
  private final PageMap map;
  private final PageFinder finder;
  private final Map<Integer, PageSet> anew = new HashMap<>();

  private BaseImage(PageMap map, PageFinder finder) {
    this.map = map;
    this.finder = finder;
  }

  /**
   * Prepares an image.
   *
   * @param map of which nobody else has the table; closed with the image
   * @param usable what may be referred to
   */
  static BaseImage of(PageMap map, UsablePacks usable, StoreParts parts) throws IOException {
    BaseImage base = new BaseImage(map, parts.finder());
    PageTable table = map.table();
    long[] id = new long[PageIds.LONGS];
    for (int block = 0; block < table.blockCount(); block++) {
      long pages = table.pages(block);
      for (long page = table.skipZeros(block, 0);
          page < pages;
          page = table.skipZeros(block, page + 1)) {
        long where = table.place(block, page);
        if (where != PagePlace.NONE && !usable.accepts(PagePlace.pack(where))) {
          table.id(block, page, id);
          base.move(block, page, id, parts.index().find(id, usable, true));
        }
      }
    }
    return base;
  }

  private void move(int block, long page, long[] id, long found) {
    if (found != PagePlace.NONE) {
      map.table().put(block, page, 0, id, found, new long[NhHash.LONGS]);
    } else {
      anew.computeIfAbsent(block, b -> new PageSet()).add(page);
    }
  }

  PageTable table() {
    return map.table();
  }

  /** Whether the page is in no pack that may be referred to. */
  boolean mustBeStoredAnew(int block, long page) {
    PageSet pages = anew.get(block);
    return pages != null && pages.contains(page);
  }

  /** Reads a page, wherever it is. */
  void read(int block, long page, ByteBuffer into) throws IOException {
    finder.read(map.table(), block, page, into);
  }

  @Override
  public void close() {
    map.close();
  }
}
