package io.vnsnap.store.pages;

import io.vnsnap.store.index.Index;
import io.vnsnap.store.map.PageTable;
import io.vnsnap.store.pack.PackNames;
import io.vnsnap.store.pack.PackShelf;
import io.vnsnap.store.pack.PageIds;
import io.vnsnap.store.pack.PagePlace;
import io.vnsnap.store.place.Place;
import io.vnsnap.store.record.Damage;
import io.vnsnap.store.record.ObjectNames;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * Gives pages: from where the page map says they are, or, if that pack is gone, from where the
 * index says. Safe for use by several threads.
 */
final class PageFinder implements Closeable {
  private final Place place;
  private final PackShelf shelf;
  private final Index index;
  private final PackNames names;
  private final PageIds ids;
  private final ExecutorService readers;
  private final ConcurrentLinkedQueue<PageIds.Hasher> hashers = new ConcurrentLinkedQueue<>();

  /**
   * A finder.
   *
   * @param threads that read ahead
   */
  PageFinder(Place place, PackShelf shelf, Index index, PackNames names, PageIds ids, int threads) {
    this.place = place;
    this.shelf = shelf;
    this.index = index;
    this.names = names;
    this.ids = ids;
    this.readers =
        Executors.newFixedThreadPool(
            threads, Thread.ofPlatform().daemon().name("vnsnap-store-read-", 0).factory());
  }

  Place place() {
    return place;
  }

  /** Does what is read ahead. */
  Executor readers() {
    return readers;
  }

  /** Reads one page that may be zero, and recomputes its id. */
  void read(PageTable table, int block, long page, ByteBuffer into) throws IOException {
    int length = 1 << table.shift();
    if (into.remaining() < length) {
      throw new IllegalArgumentException("no room for a page");
    }
    into.put(table.isZero(block, page) ? new byte[length] : page(table, block, page));
  }

  /** Reads one page that is not zero, and recomputes its id. */
  byte[] page(PageTable table, int block, long page) throws IOException {
    long where = table.place(block, page);
    byte[] group;
    try {
      group = shelf.group(where);
    } catch (NoSuchFileException e) {
      where = elsewhere(table, block, page, where);
      group = shelf.group(where);
    }
    int at = offset(where, table.shift(), group);
    byte[] content = Arrays.copyOfRange(group, at, at + (1 << table.shift()));
    check(table, block, page, where, content);
    return content;
  }

  /**
   * Reads all pages of the group at a place.
   *
   * @return null if its pack is gone
   */
  byte @Nullable [] group(long where) throws IOException {
    try {
      return shelf.readGroup(where);
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  /** Where in its group a page begins. */
  int offset(long where, int shift, byte[] group) throws IOException {
    int at = PagePlace.slot(where) << shift;
    if (at + (1 << shift) > group.length) {
      throw damaged(where, "has fewer pages than expected");
    }
    return at;
  }

  /** Recomputes a page's id. */
  void check(PageTable table, int block, long page, long where, byte[] content) throws IOException {
    PageIds.Hasher pooled = hashers.poll();
    PageIds.Hasher hasher = pooled == null ? ids.hasher() : pooled;
    long[] computed = new long[PageIds.LONGS];
    hasher.id(content, content.length, computed);
    boolean unused = hashers.offer(hasher);
    long[] expected = new long[PageIds.LONGS];
    table.id(block, page, expected);
    if (!Arrays.equals(computed, expected)) {
      throw damaged(
          where, "holds another page in slot %d than expected".formatted(PagePlace.slot(where)));
    }
  }

  private IOException damaged(long where, String what) {
    return Damage.of(
        place,
        "pack",
        ObjectNames.pack(names.name(PagePlace.pack(where))),
        "group %d %s".formatted(PagePlace.group(where), what));
  }

  private long elsewhere(PageTable table, int block, long page, long where) throws IOException {
    long[] id = new long[PageIds.LONGS];
    table.id(block, page, id);
    int gone = PagePlace.pack(where);
    long found = index.find(id, ordinal -> ordinal != gone, true);
    if (found == PagePlace.NONE) {
      index.refresh();
      found = index.find(id, ordinal -> ordinal != gone, true);
    }
    if (found == PagePlace.NONE) {
      throw Damage.missing(place, "pack", ObjectNames.pack(names.name(gone)));
    }
    return found;
  }

  @Override
  public void close() {
    readers.shutdownNow();
  }
}
