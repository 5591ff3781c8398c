package io.vnsnap.store.life;

import io.vnsnap.proto.Condemned;
import io.vnsnap.proto.StoreLease;
import io.vnsnap.store.lease.Lease;
import io.vnsnap.store.lease.Leases;
import io.vnsnap.store.life.GcPlan.Item;
import io.vnsnap.store.life.GcPlan.Kind;
import io.vnsnap.store.place.Place;
import io.vnsnap.store.record.ObjectNames;
import io.vnsnap.store.record.RecordKind;
import io.vnsnap.store.record.RecordWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Gives back the space of what no snapshot needs, beside hosts that write snapshots. Used by one
 * thread; one at a time per store, whatever the host.
 *
 * <p>The steps, see {@code docs/store-format.md}:
 *
 * <ol>
 *   <li>Plan: what nobody needs now, and which packs are mostly dead.
 *   <li>Condemn it: a list that writers read when they begin. From now on nobody who begins refers
 *       to it.
 *   <li>Write the live pages of mostly dead packs anew.
 *   <li>Wait for the writers that began before the list was there: they may refer to what is on it.
 *   <li>Plan anew. What those writers have come to need is acquitted.
 *   <li>Remove: maps before packs, packs before index runs; then the list.
 * </ol>
 *
 * <p>A crash between any two steps removes nothing that is needed: what is on a list is only
 * avoided, and the next collection begins from the first step and removes old lists too.
 */
public final class GarbageCollection {
  private static final int CHUNK_BYTES = 64 << 10;

  /** Numbers in one list: well below the limit of its object. */
  private static final int MOST_IN_A_LIST = 1 << 20;

  /** After so long it is asked again whether this collection is still the one. */
  private static final Duration HELD_FOR_SURE = Duration.ofSeconds(10);

  private final StoreAccess store;
  private final Place place;
  private final Settings settings;
  private final Repacker repacker;
  private final Consumer<String> progress;

  /**
   * How it waits.
   *
   * @param mostWait for writers that began before
   * @param poll how often it looks
   * @param sleeper waits for that long
   */
  public record Settings(Duration mostWait, Duration poll, Sleeper sleeper) {

    /** Ten minutes, looking every second. */
    public static Settings defaults() {
      return new Settings(
          Duration.ofMinutes(10), Duration.ofSeconds(1), pause -> Thread.sleep(pause.toMillis()));
    }
  }

  /** Lets time pass. */
  @FunctionalInterface
  public interface Sleeper {
    void sleep(Duration pause) throws InterruptedException;
  }

  /** Writes pages anew, so that they are in other packs than those that are condemned. */
  @FunctionalInterface
  public interface Repacker {

    /**
     * Writes pages, durably and indexed.
     *
     * @param pages goes through them once
     * @return page maps that were written for that and are not needed
     */
    List<String> store(LivePages pages) throws IOException;
  }

  /** Pages to be written anew. */
  @FunctionalInterface
  public interface LivePages {

    /** Gives all pages: of 4,096 or 65,536 bytes each; the buffer is only valid during the call. */
    void forEach(PageTaker taker) throws IOException;
  }

  /** Takes a page. */
  @FunctionalInterface
  public interface PageTaker {
    void page(ByteBuffer content) throws IOException;
  }

  /**
   * What came of it.
   *
   * @param plan what was to be done
   * @param removed what is gone, with packs that were written anew
   * @param freedBytes what came back; the pages that were written anew are taken off
   * @param acquitted objects that somebody came to need meanwhile
   */
  public record Result(GcPlan plan, List<Item> removed, long freedBytes, int acquitted) {}

  /**
   * Garbage collection of a store.
   *
   * @param repacker writes live pages anew
   * @param progress is told what is being done, a line each
   */
  public GarbageCollection(
      StoreAccess store, Settings settings, Repacker repacker, Consumer<String> progress) {
    this.store = store;
    this.place = store.place();
    this.settings = settings;
    this.repacker = repacker;
    this.progress = progress;
  }

  /**
   * What would be done now. Changes nothing.
   *
   * @throws IOException if it is not known what a snapshot needs
   */
  public static GcPlan plan(StoreAccess store) throws IOException {
    return new GcPlanner(store).plan();
  }

  /**
   * Collects. After an {@link IOException} every snapshot is as it was, and it can be done again.
   *
   * @throws IOException if another collection runs, if it is not known what a snapshot needs, or if
   *     a writer does not end in time; the message says which
   */
  public Result run() throws IOException {
    Lease lease = store.leases().openCollector();
    try {
      return collect(new Held(lease));
    } finally {
      lease.close();
    }
  }

  /** Makes sure that no other collection has taken over while this one stood still. */
  private final class Held {
    private final Lease lease;
    private long checkedMs;
    private long renewedMs;

    Held(Lease lease) {
      this.lease = lease;
      this.checkedMs = store.clock().millis();
      this.renewedMs = checkedMs;
    }

    void check() throws IOException {
      long now = store.clock().millis();
      if (Math.abs(now - checkedMs) < HELD_FOR_SURE.toMillis()) {
        return;
      }
      if (!lease.isHeld()) {
        throw new IOException(
            "this garbage collection stood still for so long that another one has taken over in %s"
                .formatted(place.describe()));
      }
      if (now - renewedMs >= Leases.RENEWED_EVERY.toMillis() / 2) {
        lease.renew();
        renewedMs = now;
      }
      checkedMs = now;
    }
  }

  private Result collect(Held held) throws IOException {
    Inventory before = Inventory.of(place);
    GcPlan plan = new GcPlanner(store).plan();
    held.check();
    List<String> lists = new ArrayList<>();
    place.list(ObjectNames.CONDEMNED).forEach(list -> lists.add(list.name()));
    List<String> mine = new ArrayList<>();
    List<Item> kept = List.of();
    List<Item> condemned = condemned(plan);
    if (!condemned.isEmpty()) {
      try {
        condemn(condemned, mine);
        repack(plan, held);
        awaitWriters(held);
        kept = needed(before, condemned, held);
      } catch (IOException | RuntimeException e) {
        acquit(mine, e);
        throw e;
      }
    }
    List<Item> gone = remove(plan, condemned, Set.copyOf(kept), held);
    for (String list : mine) {
      place.delete(list);
    }
    for (String list : lists) {
      place.delete(list);
    }
    long repackedBytes =
        plan.repacked().stream().mapToLong(pack -> pack.bytes() - pack.freedBytes()).sum();
    long freed = gone.stream().mapToLong(Item::bytes).sum() - repackedBytes + sweep();
    return new Result(plan, gone, Math.max(0, freed), kept.size());
  }

  /** Packs and maps that go, those that are written anew too. */
  private static List<Item> condemned(GcPlan plan) {
    List<Item> condemned = new ArrayList<>(plan.removed(Kind.MAP));
    condemned.addAll(plan.removed(Kind.PACK));
    plan.repacked()
        .forEach(pack -> condemned.add(new Item(Kind.PACK, pack.object(), pack.bytes())));
    return condemned;
  }

  private static long number(Item item) {
    String prefix = item.kind() == Kind.PACK ? ObjectNames.PACKS : ObjectNames.IMAGES;
    return ObjectNames.number(prefix, item.object()).orElseThrow();
  }

  private void condemn(List<Item> items, List<String> lists) throws IOException {
    for (int from = 0; from < items.size(); from += MOST_IN_A_LIST) {
      Condemned.Builder list = Condemned.newBuilder().setCondemnedEpochMs(store.clock().millis());
      for (Item item : items.subList(from, Math.min(items.size(), from + MOST_IN_A_LIST))) {
        if (item.kind() == Kind.PACK) {
          list.addPacks(number(item));
        } else {
          list.addImages(number(item));
        }
      }
      String name = ObjectNames.condemned(store.random());
      lists.add(name);
      try (RecordWriter writer =
          RecordWriter.create(place, RecordKind.CONDEMNED, name, CHUNK_BYTES, store.random())) {
        writer.write(ByteBuffer.wrap(list.build().toByteArray()));
        var unused = writer.commit();
      }
    }
  }

  /** Takes the lists back, because nothing is going to be removed. */
  private void acquit(List<String> lists, Exception cause) {
    for (String list : lists) {
      try {
        place.delete(list);
      } catch (IOException e) {
        cause.addSuppressed(e);
      }
    }
  }

  private void repack(GcPlan plan, Held held) throws IOException {
    if (plan.repacked().isEmpty()) {
      return;
    }
    progress.accept("writing live pages of %d packs anew".formatted(plan.repacked().size()));
    Set<Long> packs = new HashSet<>();
    plan.repacked().forEach(pack -> packs.add(pack.number()));
    Needed needed =
        new GcPlanner(store)
            .needed(
                GcPlanner.readable(Roots.find(store)),
                Inventory.of(place).packs().keySet(),
                Set.of());
    for (String map : repacker.store(new PackPages(store, packs, needed, held::check)::forEach)) {
      place.delete(map);
    }
  }

  /** Waits for writers that may have looked for what is condemned before it was. */
  private void awaitWriters(Held held) throws IOException {
    Map<String, Long> awaited = new HashMap<>();
    writing().forEach(found -> awaited.put(found.name(), found.lease().getOwner()));
    long waitedMs = 0;
    for (; ; ) {
      List<Leases.Found> left =
          writing().stream()
              .filter(
                  found -> Long.valueOf(found.lease().getOwner()).equals(awaited.get(found.name())))
              .toList();
      if (left.isEmpty()) {
        return;
      }
      StoreLease first = left.get(0).lease();
      String who =
          "%s of snapshot %s is being written by process %d on host %s"
              .formatted(first.getPart(), first.getSnapshotId(), first.getPid(), first.getHost());
      if (waitedMs >= settings.mostWait().toMillis()) {
        throw new IOException(
            "nothing was removed: %s%s, and may need what is to go. Try again when it has ended"
                .formatted(who, left.size() > 1 ? ", and %d more".formatted(left.size() - 1) : ""));
      }
      progress.accept("waiting: " + who);
      try {
        settings.sleeper().sleep(settings.poll());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted; nothing was removed", e);
      }
      waitedMs += settings.poll().toMillis();
      held.check();
    }
  }

  /** Images that are being written, without those of a collection. */
  private List<Leases.Found> writing() throws IOException {
    long now = store.leases().placeNowMs();
    return store.leases().all(ObjectNames.LEASES).stream()
        .filter(found -> !found.lease().getSnapshotId().startsWith(RepackedImage.PREFIX))
        .filter(found -> found.lease().getState() == StoreLease.State.OPEN && !found.isOver(now))
        .toList();
  }

  /**
   * What is needed of the condemned after all. All maps that have appeared since count as needed:
   * one that is not may still become some other's parent.
   */
  private List<Item> needed(Inventory before, List<Item> condemned, Held held) throws IOException {
    Roots found = GcPlanner.readable(Roots.find(store));
    Inventory now = Inventory.of(place);
    List<Roots.Root> roots = new ArrayList<>(found.roots());
    for (long map : now.maps().keySet()) {
      if (!before.maps().containsKey(map)) {
        roots.add(new Roots.Root(map, "?", "a new image", false));
      }
    }
    Set<Long> leaving = new HashSet<>();
    condemned.stream()
        .filter(item -> item.kind() == Kind.PACK)
        .forEach(item -> leaving.add(number(item)));
    Needed needed = new GcPlanner(store).needed(roots, now.packs().keySet(), leaving);
    held.check();
    return condemned.stream()
        .filter(item ->
            item.kind() == Kind.PACK ? needed.pack(number(item)) != null : needed.map(number(item)))
        .toList();
  }

  private List<Item> remove(GcPlan plan, List<Item> condemned, Set<Item> kept, Held held)
      throws IOException {
    progress.accept("removing");
    Set<Long> keptMaps = new HashSet<>();
    kept.stream()
        .filter(item -> item.kind() == Kind.MAP)
        .forEach(item -> keptMaps.add(number(item)));
    List<Item> gone = new ArrayList<>();
    for (Item item : condemned) {
      if (!kept.contains(item)) {
        remove(item, gone, held);
      }
    }
    for (Item hint : plan.removed(Kind.HINT)) {
      if (!keptMaps.contains(ObjectNames.number(ObjectNames.HINTS, hint.object()).orElseThrow())) {
        remove(hint, gone, held);
      }
    }
    for (Item item : new GcPlanner(store).leftovers()) {
      if (plan.removed().contains(item)) {
        remove(item, gone, held);
      }
    }
    tidyIndex(gone, held);
    return gone;
  }

  private void remove(Item item, List<Item> gone, Held held) throws IOException {
    held.check();
    place.delete(item.object());
    gone.add(item);
  }

  private void tidyIndex(List<Item> gone, Held held) throws IOException {
    store.index().refresh();
    Inventory now = Inventory.of(place);
    Set<Long> packs = now.packs().keySet();
    for (var run : store.index().packsOfRuns().entrySet()) {
      Place.Entry entry = now.runs().get(run.getKey());
      if (entry == null) {
        continue;
      }
      if (run.getValue().stream().noneMatch(packs::contains)) {
        remove(new Item(Kind.INDEX, entry.name(), entry.bytes()), gone, held);
      } else if (!packs.containsAll(run.getValue())) {
        held.check();
        store.index().rewriteWithout(run.getKey(), pack -> !packs.contains(pack));
      }
    }
  }

  /** Objects that were begun and never ended; those of writers that may still be there stay. */
  private long sweep() throws IOException {
    return place.sweep(writing().isEmpty() ? Leases.OPEN_FOR : Place.ABANDONED_AFTER);
  }
}
