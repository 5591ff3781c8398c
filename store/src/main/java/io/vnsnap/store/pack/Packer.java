package io.vnsnap.store.pack;

import io.vnsnap.store.place.Place;
import java.io.Closeable;
import java.io.IOException;
import java.util.BitSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The packs that this process writes, one after another: all writers of images share them. A pack
 * that is full is made durable and indexed on a thread of its own while the next one fills. Safe
 * for use by several threads.
 */
public final class Packer implements Closeable {
  /** So long is waited for packs on their way when the store is closed. */
  private static final long CLOSE_SECONDS = 60;

  /** Makes a durable pack's pages findable; blocks. */
  public interface Indexer {
    void index(PackWriter pack) throws IOException;
  }

  private final Place place;
  private final PackNames names;
  private final PageIds ids;
  private final Limits limits;
  private final LongSupplier random;
  private final Indexer indexer;
  private final InFlightPages inFlight = new InFlightPages();
  private final Map<Integer, PackWriter> open = new ConcurrentHashMap<>();
  private final Map<Integer, IOException> failed = new ConcurrentHashMap<>();
  private final Set<Integer> begun = ConcurrentHashMap.newKeySet();
  private final ExecutorService sealer;
  private @Nullable PackWriter current;

  /**
   * When a pack ends.
   *
   * @param bytes stored
   * @param pages in it
   */
  public record Limits(long bytes, int pages) {}

  public Packer(
      Place place,
      PackNames names,
      PageIds ids,
      Limits limits,
      LongSupplier random,
      Indexer indexer) {
    this.place = place;
    this.names = names;
    this.ids = ids;
    this.limits = limits;
    this.random = random;
    this.indexer = indexer;
    this.sealer =
        Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("vnsnap-store-seal").factory());
  }

  /** Where a page of a pack being written is; {@link PagePlace#NONE} if it is in none. */
  public long find(long[] id) {
    return inFlight.find(id);
  }

  /** Enters a new page unless another thread was faster; returns where the page is. */
  public long claim(long[] id, long pagePlace) {
    return inFlight.putIfAbsent(id, pagePlace);
  }

  /** The pack being written that has the ordinal; null if none has. */
  public @Nullable PackWriter writing(int ordinal) {
    return open.get(ordinal);
  }

  /** Whether this process has begun the pack with the ordinal. */
  public boolean hasBegun(int ordinal) {
    return begun.contains(ordinal);
  }

  /** Whether the pack with the ordinal could not be written. */
  public boolean hasFailed(int ordinal) {
    return failed.containsKey(ordinal);
  }

  /** Ordinals of the packs that are being written. */
  public BitSet writing() {
    BitSet ordinals = new BitSet();
    open.keySet().forEach(ordinals::set);
    return ordinals;
  }

  /** Opens a group in the current pack, beginning one if need be. */
  synchronized PackWriter openGroup(GroupBuilder group) throws IOException {
    PackWriter pack = current;
    if (pack != null && pack.isFull(limits.bytes, limits.pages)) {
      roll();
      pack = null;
    }
    if (pack != null && pack.open(group)) {
      return pack;
    }
    long name = random.getAsLong();
    PackWriter fresh = new PackWriter(place, name, names.ordinal(name), ids.scheme());
    open.put(fresh.ordinal(), fresh);
    boolean unused = begun.add(fresh.ordinal());
    current = fresh;
    if (!fresh.open(group)) {
      throw new IllegalStateException("a new pack takes groups");
    }
    return fresh;
  }

  /** Ends the current pack: it becomes durable as soon as its open groups are done. */
  public synchronized void roll() {
    PackWriter pack = current;
    current = null;
    if (pack != null && pack.close()) {
      seal(pack);
    }
  }

  /** Called by a group when it is done, without any lock. */
  void groupEnded(PackWriter pack) {
    boolean complete = pack.groupEnded();
    if (pack.failure() != null) {
      giveUp(pack);
    }
    if (complete) {
      seal(pack);
    }
  }

  private synchronized void giveUp(PackWriter pack) {
    if (current == pack) {
      current = null;
    }
  }

  private void seal(PackWriter pack) {
    sealer.execute(() -> {
      try {
        pack.commit();
        indexer.index(pack);
        ended(pack);
        boolean unused = pack.durable().complete(pack);
      } catch (IOException | RuntimeException | Error e) {
        IOException cause =
            e instanceof IOException io ? io : new IOException("a pack was not written: " + e, e);
        failed.put(pack.ordinal(), cause);
        ended(pack);
        boolean unused = pack.durable().completeExceptionally(cause);
      }
    });
  }

  private void ended(PackWriter pack) {
    inFlight.removePack(pack.ordinal());
    open.remove(pack.ordinal());
    pack.release();
  }

  /** Lets packs that are complete become durable; the pack being filled is lost. */
  @Override
  public void close() {
    sealer.shutdown();
    try {
      boolean unused = sealer.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    for (PackWriter lost : open.values()) {
      IOException cause = new IOException("the store was closed while a pack was written");
      failed.put(lost.ordinal(), cause);
      lost.abandon();
      boolean unused = lost.durable().completeExceptionally(cause);
    }
    open.clear();
  }
}
