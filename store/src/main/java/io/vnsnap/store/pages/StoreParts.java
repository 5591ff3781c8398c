package io.vnsnap.store.pages;

import io.vnsnap.store.index.Index;
import io.vnsnap.store.lease.Lease;
import io.vnsnap.store.lease.Leases;
import io.vnsnap.store.map.Slabs;
import io.vnsnap.store.pack.NhHash;
import io.vnsnap.store.pack.PackNames;
import io.vnsnap.store.pack.PackShelf;
import io.vnsnap.store.pack.Packer;
import io.vnsnap.store.pack.PageIds;
import io.vnsnap.store.place.Place;
import java.io.Closeable;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What all images of one open store share. Safe for use by several threads. */
final class StoreParts implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(StoreParts.class);

  /** Pages of a pack: bounds what is kept of packs being written. */
  private static final int PACK_PAGES = 131_072;

  /** Tables kept for the next image, in bytes. */
  private static final long KEPT_TABLE_BYTES = 32L << 20;

  private final Place place;
  private final StoreSettings settings;
  private final LongSupplier random;
  private final PackNames names = new PackNames();
  private final Slabs stageMemory;
  private final Slabs tables = new Slabs(KEPT_TABLE_BYTES);
  private final AtomicLong stagingBudget;
  private final Leases leases;
  private final Set<Lease> openLeases = ConcurrentHashMap.newKeySet();
  private final NhHash nhHash;
  private final Index index;
  private final Packer packer;
  private final Intake intake;
  private final PackShelf shelf;
  private final PageFinder finder;
  private final History history;
  private final ScheduledExecutorService upkeep;

  private StoreParts(Place place, PageIds ids, StoreSettings settings, LongSupplier random) {
    this.place = place;
    this.settings = settings;
    this.random = random;
    this.stageMemory = new Slabs(settings.stageBytes());
    this.stagingBudget = new AtomicLong(settings.stagingBytes());
    this.leases = new Leases(place, settings.host(), random, InstantSource.system());
    this.index = new Index(place, names, ids.scheme(), random, settings.indexBytes());
    this.packer =
        new Packer(
            place,
            names,
            ids,
            new Packer.Limits(settings.packBytes(), PACK_PAGES),
            random,
            index::add);
    this.nhHash = new NhHash(new SecureRandom());
    this.intake =
        new Intake(
            packer,
            new Stage(stageMemory, settings.stageBytes()),
            settings.threads(),
            () -> new Lane(packer, index, nhHash, ids, settings.level()));
    this.shelf = new PackShelf(place, names, ids, settings.cacheBytes());
    this.finder = new PageFinder(place, shelf, index, names, ids, settings.threads());
    this.history = new History(settings.historyBytes());
    this.upkeep =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("vnsnap-store-upkeep").factory());
  }

  static StoreParts open(Place place, PageIds ids, StoreSettings settings, LongSupplier random)
      throws IOException {
    StoreParts parts = new StoreParts(place, ids, settings, random);
    long seconds = Leases.RENEWED_EVERY.toSeconds();
    var unused =
        parts.upkeep.scheduleWithFixedDelay(parts::renew, seconds, seconds, TimeUnit.SECONDS);
    return parts;
  }

  private void renew() {
    for (Lease lease : openLeases) {
      try {
        lease.renew();
      } catch (IOException | RuntimeException e) {
        LOG.warn("a lease in {} was not renewed: {}", place.describe(), e.toString());
      }
    }
  }

  /** Lets the index be put in order, later. */
  void tidyIndex() {
    upkeep.execute(() -> {
      try {
        index.merge();
      } catch (IOException | RuntimeException e) {
        LOG.warn(
            "index runs in {} were not merged, which is tried again: {}",
            place.describe(),
            e.toString());
      }
    });
  }

  Place place() {
    return place;
  }

  StoreSettings settings() {
    return settings;
  }

  LongSupplier random() {
    return random;
  }

  PackNames names() {
    return names;
  }

  Slabs stageMemory() {
    return stageMemory;
  }

  Slabs tables() {
    return tables;
  }

  AtomicLong stagingBudget() {
    return stagingBudget;
  }

  Leases leases() {
    return leases;
  }

  /** Leases that are renewed. */
  Set<Lease> openLeases() {
    return openLeases;
  }

  NhHash nhHash() {
    return nhHash;
  }

  Index index() {
    return index;
  }

  Packer packer() {
    return packer;
  }

  Intake intake() {
    return intake;
  }

  PageFinder finder() {
    return finder;
  }

  History history() {
    return history;
  }

  @Override
  public void close() throws IOException {
    upkeep.shutdownNow();
    intake.close();
    packer.close();
    finder.close();
    history.close();
    shelf.close();
    index.close();
    place.close();
  }
}
