package io.vnsnap.store.pack;

import io.vnsnap.store.place.Place;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * The packs that this process reads: open ones, and the groups read last, decompressed. Both are
 * bounded. Safe for use by several threads.
 */
public final class PackShelf implements Closeable {
  /** Most packs kept open, each a file descriptor and up to a few hundred KiB of directory. */
  private static final int MOST_PACKS = 128;

  /** Decoders kept while nobody reads. */
  private static final int MOST_DECODERS = 16;

  private final Place place;
  private final PackNames names;
  private final PageIds ids;
  private final GroupCache cache;
  private final Map<Integer, Shared> packs = new LinkedHashMap<>(16, 0.75f, true);
  private final ArrayBlockingQueue<PackReader.Decoder> decoders =
      new ArrayBlockingQueue<>(MOST_DECODERS);
  private boolean closed;

  /**
   * A shelf of a place's packs.
   *
   * @param cacheBytes most bytes of decompressed groups kept
   */
  public PackShelf(Place place, PackNames names, PageIds ids, long cacheBytes) {
    this.place = place;
    this.names = names;
    this.ids = ids;
    this.cache = new GroupCache(cacheBytes);
  }

  /** A reader and how many use it; closed when it is off the shelf and nobody does. */
  private static final class Shared {
    final PackReader reader;
    int users;
    boolean offShelf;

    Shared(PackReader reader) {
      this.reader = reader;
    }
  }

  /**
   * Reads the group of a page, from memory if it was read lately.
   *
   * @return its pages one after another; not to be changed
   * @throws java.nio.file.NoSuchFileException if the pack is absent
   * @throws io.vnsnap.store.DamagedSnapshotException if it is not what was written
   */
  public byte[] group(long pagePlace) throws IOException {
    byte[] known = cache.get(pagePlace);
    if (known != null) {
      return known;
    }
    byte[] pages = readGroup(pagePlace);
    cache.put(pagePlace, pages);
    return pages;
  }

  /** As {@link #group}, past the cache: for reading everything once. */
  public byte[] readGroup(long pagePlace) throws IOException {
    Shared pack = take(PagePlace.pack(pagePlace));
    PackReader.Decoder decoder = takeDecoder();
    try {
      return pack.reader.group(PagePlace.group(pagePlace), decoder);
    } finally {
      if (!decoders.offer(decoder)) {
        decoder.close();
      }
      giveBack(pack);
    }
  }

  private PackReader.Decoder takeDecoder() {
    PackReader.Decoder decoder = decoders.poll();
    return decoder != null ? decoder : new PackReader.Decoder();
  }

  private Shared take(int ordinal) throws IOException {
    synchronized (packs) {
      Shared pack = packs.get(ordinal);
      if (pack != null) {
        pack.users++;
        return pack;
      }
    }
    PackReader opened = PackReader.open(place, names.name(ordinal), ids.scheme());
    List<Shared> surplus = new ArrayList<>();
    Shared pack = new Shared(opened);
    pack.users = 1;
    synchronized (packs) {
      Shared faster = packs.putIfAbsent(ordinal, pack);
      if (faster != null) {
        faster.users++;
        surplus.add(pack);
        pack = faster;
      }
      Iterator<Map.Entry<Integer, Shared>> oldest = packs.entrySet().iterator();
      while ((closed || packs.size() > MOST_PACKS) && oldest.hasNext()) {
        Shared old = oldest.next().getValue();
        old.offShelf = true;
        oldest.remove();
        if (old.users == 0) {
          surplus.add(old);
        }
      }
    }
    for (Shared old : surplus) {
      old.reader.close();
    }
    return pack;
  }

  private void giveBack(Shared pack) throws IOException {
    boolean last;
    synchronized (packs) {
      pack.users--;
      last = pack.offShelf && pack.users == 0;
    }
    if (last) {
      pack.reader.close();
    }
  }

  @Override
  public void close() throws IOException {
    List<Shared> idle = new ArrayList<>();
    synchronized (packs) {
      closed = true;
      for (Shared pack : packs.values()) {
        pack.offShelf = true;
        if (pack.users == 0) {
          idle.add(pack);
        }
      }
      packs.clear();
    }
    for (Shared pack : idle) {
      pack.reader.close();
    }
    for (PackReader.Decoder d = decoders.poll(); d != null; d = decoders.poll()) {
      d.close();
    }
  }

  /** Groups by what was used last. */
  private static final class GroupCache {
    private final long mostBytes;
    private final Map<Long, byte[]> groups = new LinkedHashMap<>(16, 0.75f, true);
    private long bytes;

    GroupCache(long mostBytes) {
      this.mostBytes = mostBytes;
    }

    private static long key(long pagePlace) {
      return pagePlace & ~0xffL;
    }

    synchronized byte @Nullable [] get(long pagePlace) {
      return groups.get(key(pagePlace));
    }

    synchronized void put(long pagePlace, byte[] pages) {
      byte[] before = groups.put(key(pagePlace), pages);
      bytes += pages.length - (before == null ? 0 : before.length);
      Iterator<byte[]> oldest = groups.values().iterator();
      while (bytes > mostBytes && oldest.hasNext()) {
        bytes -= oldest.next().length;
        oldest.remove();
      }
    }
  }
}
