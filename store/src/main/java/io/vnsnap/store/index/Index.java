package io.vnsnap.store.index;

import io.vnsnap.store.pack.PackNames;
import io.vnsnap.store.pack.PackReader;
import io.vnsnap.store.pack.PackWriter;
import io.vnsnap.store.pack.PagePlace;
import io.vnsnap.store.place.Place;
import io.vnsnap.store.record.ObjectNames;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongPredicate;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All index runs of a place, as far as this process knows them. Safe for use by several threads.
 */
public final class Index implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(Index.class);

  private final Place place;
  private final PackNames names;
  private final int scheme;
  private final LongSupplier random;
  private final AtomicLong budget;
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private final Map<Long, IndexRun> runs = new LinkedHashMap<>();

  /**
   * An index that knows no run yet: {@link #refresh} it.
   *
   * @param scheme of the page ids
   * @param memoryBytes most bytes of filters and blocks kept in memory
   */
  public Index(Place place, PackNames names, int scheme, LongSupplier random, long memoryBytes) {
    this.place = place;
    this.names = names;
    this.scheme = scheme;
    this.random = random;
    this.budget = new AtomicLong(memoryBytes);
  }

  /**
   * Takes notice of runs that were written or removed meanwhile. A damaged run is reported in the
   * log and left out: its pages are stored anew where they are needed.
   */
  public void refresh() throws IOException {
    lock.writeLock().lock();
    try {
      Set<Long> present = new HashSet<>();
      List<Place.Entry> entries = new ArrayList<>(place.list(ObjectNames.INDEX));
      entries.sort((a, b) -> Long.compare(b.modifiedMs(), a.modifiedMs()));
      for (Place.Entry entry : entries) {
        OptionalLong name = ObjectNames.number(ObjectNames.INDEX, entry.name());
        if (name.isPresent()) {
          present.add(name.getAsLong());
        }
      }
      for (Long known : List.copyOf(runs.keySet())) {
        if (!present.contains(known)) {
          drop(known);
        }
      }
      for (Long name : present) {
        if (!runs.containsKey(name)) {
          openRun(name);
        }
      }
    } finally {
      lock.writeLock().unlock();
    }
  }

  private void drop(Long name) throws IOException {
    IndexRun gone = runs.remove(name);
    if (gone != null) {
      gone.close();
    }
  }

  private void openRun(long name) throws IOException {
    try {
      runs.put(name, IndexRun.open(place, name, scheme, names, budget));
    } catch (NoSuchFileException e) {
      LOG.debug("index run {} was merged meanwhile", ObjectNames.index(name));
    } catch (io.vnsnap.store.DamagedSnapshotException e) {
      LOG.warn("left out: {}", e.getMessage());
    }
  }

  /**
   * Where a page is.
   *
   * @param wanted packs that may be the answer
   * @param certain true: do not believe filters, which damage may have turned
   * @return {@link PagePlace#NONE} if it is in none of these packs
   */
  public long find(long[] id, PackFilter wanted, boolean certain) throws IOException {
    lock.readLock().lock();
    try {
      for (IndexRun run : runs.values()) {
        long found = run.find(id, wanted, !certain);
        if (found != PagePlace.NONE) {
          return found;
        }
      }
      return PagePlace.NONE;
    } finally {
      lock.readLock().unlock();
    }
  }

  /** Writes the run of a pack that has just become durable. */
  public void add(PackWriter pack) throws IOException {
    RunEntries entries = new RunEntries(pack.pages());
    pack.forEach(
        (a, b, c, d, groupAndSlot) -> entries.add(a, b, c, d, groupAndSlot & 0xffff_ffffL));
    write(pack.name(), entries);
  }

  private void write(long pack, RunEntries entries) throws IOException {
    if (entries.size() == 0) {
      return;
    }
    int[] order = entries.sorted();
    long name = random.getAsLong();
    RunWriter.write(
        place,
        name,
        scheme,
        new long[] {pack},
        order.length,
        consumer -> {
          for (int entry : order) {
            consumer.accept(
                entries.get(entry, 0),
                entries.get(entry, 1),
                entries.get(entry, 2),
                entries.get(entry, 3),
                entries.get(entry, 4));
          }
        });
    include(name);
  }

  private void include(long name) throws IOException {
    lock.writeLock().lock();
    try {
      openRun(name);
    } finally {
      lock.writeLock().unlock();
    }
  }

  /**
   * Merges runs where a size class has many, so that few are left to look into. Run on one thread;
   * what other processes merge at the same time does no harm.
   */
  public void merge() throws IOException {
    for (List<IndexRun> tier : tiers()) {
      if (tier.size() >= Tiers.RUNS) {
        merge(tier.subList(0, Math.min(tier.size(), Tiers.MOST_AT_ONCE)));
      }
    }
  }

  private Collection<List<IndexRun>> tiers() {
    lock.readLock().lock();
    try {
      Map<Integer, List<IndexRun>> tiers = new HashMap<>();
      for (IndexRun run : runs.values()) {
        tiers.computeIfAbsent(Tiers.of(run.entries()), t -> new ArrayList<>()).add(run);
      }
      return tiers.values();
    } finally {
      lock.readLock().unlock();
    }
  }

  private void merge(List<IndexRun> merged) throws IOException {
    long name = random.getAsLong();
    RunMerge.write(place, name, scheme, merged);
    include(name);
    for (IndexRun old : merged) {
      place.delete(ObjectNames.index(old.name()));
    }
    lock.writeLock().lock();
    try {
      for (IndexRun old : merged) {
        drop(old.name());
      }
    } finally {
      lock.writeLock().unlock();
    }
  }

  /** The runs that are known: by name, which packs they speak of. */
  public Map<Long, Collection<Long>> packsOfRuns() {
    lock.readLock().lock();
    try {
      Map<Long, Collection<Long>> packs = new HashMap<>();
      for (IndexRun run : runs.values()) {
        packs.put(run.name(), Arrays.stream(run.packNames()).boxed().toList());
      }
      return packs;
    } finally {
      lock.readLock().unlock();
    }
  }

  /**
   * Writes a run anew without what it says of some packs, and removes the old one. Not while
   * another thread merges.
   */
  public void rewriteWithout(long run, LongPredicate gone) throws IOException {
    IndexRun old;
    lock.readLock().lock();
    try {
      old = runs.get(run);
    } finally {
      lock.readLock().unlock();
    }
    if (old == null) {
      return;
    }
    long name = random.getAsLong();
    if (RunMerge.write(place, name, scheme, List.of(old), pack -> !gone.test(pack))) {
      include(name);
    }
    place.delete(ObjectNames.index(run));
    lock.writeLock().lock();
    try {
      drop(run);
    } finally {
      lock.writeLock().unlock();
    }
  }

  /**
   * Reads a run whole.
   *
   * @throws NoSuchFileException if it is absent
   * @throws io.vnsnap.store.DamagedSnapshotException if it is not what was written
   */
  public void verify(long name) throws IOException {
    try (IndexRun run = IndexRun.open(place, name, scheme, names, new AtomicLong())) {
      IndexRun.Cursor cursor = run.new Cursor();
      boolean more = cursor.next();
      while (more) {
        int unused = cursor.pack();
        more = cursor.next();
      }
    }
  }

  /** Writes a run of a pack that has none, or a damaged one. */
  public void add(long pack, PackReader reader) throws IOException {
    ByteBuffer ids = reader.ids();
    RunEntries entries = new RunEntries(reader.pages());
    for (int group = 0; group < reader.groups(); group++) {
      for (int slot = 0; slot < reader.pages(group); slot++) {
        long where = Integer.toUnsignedLong(PagePlace.groupAndSlot(group, slot));
        entries.add(ids.getLong(), ids.getLong(), ids.getLong(), ids.getLong(), where);
      }
    }
    write(pack, entries);
  }

  /** Number of runs that are known. */
  public int runs() {
    lock.readLock().lock();
    try {
      return runs.size();
    } finally {
      lock.readLock().unlock();
    }
  }

  @Override
  public void close() throws IOException {
    lock.writeLock().lock();
    try {
      for (Long name : List.copyOf(runs.keySet())) {
        drop(name);
      }
    } finally {
      lock.writeLock().unlock();
    }
  }

  /** Size classes of runs. */
  private static final class Tiers {
    /** So many runs of one class are merged into one of the next. */
    static final int RUNS = 8;

    /** Not more runs are merged at a time. */
    static final int MOST_AT_ONCE = 32;

    private static final int BITS = 3;

    private Tiers() {}

    static int of(long entries) {
      return (Long.SIZE - Long.numberOfLeadingZeros(entries)) / BITS;
    }
  }
}
