package io.vnsnap.store.life;

import io.vnsnap.store.lease.Leases;
import io.vnsnap.store.life.GcPlan.Item;
import io.vnsnap.store.life.GcPlan.Kind;
import io.vnsnap.store.place.Place;
import io.vnsnap.store.record.ObjectNames;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Finds what nobody needs. Changes nothing. Used by one thread. */
final class GcPlanner {
  private static final String CLOCK = "clock/";

  private final StoreAccess store;
  private final Place place;

  GcPlanner(StoreAccess store) {
    this.store = store;
    this.place = store.place();
  }

  /**
   * Makes a plan.
   *
   * @throws IOException if a manifest or a map that is needed cannot be read: then it is not known
   *     what else is needed, and the message says what to do
   */
  GcPlan plan() throws IOException {
    Roots roots = readable(Roots.find(store));
    Inventory there = Inventory.of(place);
    Needed needed = needed(roots, there.packs().keySet(), Set.of());
    List<Item> removed = new ArrayList<>();
    List<GcPlan.Repack> repacked = new ArrayList<>();
    Set<Long> stay = new HashSet<>();
    long neededBytes = addMaps(there, needed, removed);
    for (Map.Entry<Long, Place.Entry> pack : there.packs().entrySet()) {
      PackUse use = needed.pack(pack.getKey());
      Place.Entry entry = pack.getValue();
      if (use == null) {
        removed.add(new Item(Kind.PACK, entry.name(), entry.bytes()));
      } else if (use.deadShare() > GcPlan.REPACK_DEAD_SHARE) {
        repacked.add(
            new GcPlan.Repack(
                pack.getKey(), entry.name(), entry.bytes(), use.pages(), use.livePages()));
      } else {
        stay.add(pack.getKey());
        neededBytes += entry.bytes();
      }
    }
    addRuns(there, stay, removed);
    removed.addAll(leftovers());
    removed.sort(Comparator.comparing(Item::kind).thenComparing(Item::object));
    repacked.sort(Comparator.comparing(GcPlan.Repack::object));
    return new GcPlan(removed, repacked, neededBytes);
  }

  /** Refuses if it is not known what a snapshot needs. */
  static Roots readable(Roots roots) throws IOException {
    if (!roots.damaged().isEmpty()) {
      throw new IOException(
          ("nothing is removed, because it is not known what a snapshot needs: %s. Put that object"
                  + " back from a copy, or delete the snapshot: vnsnap delete")
              .formatted(String.join("; ", roots.damaged())));
    }
    return roots;
  }

  Needed needed(Roots roots, Set<Long> packs, Set<Long> leaving) throws IOException {
    return needed(roots.roots(), packs, leaving);
  }

  Needed needed(Iterable<Roots.Root> roots, Set<Long> packs, Set<Long> leaving) throws IOException {
    try {
      return Needed.find(store, roots, packs, leaving);
    } catch (io.vnsnap.store.DamagedSnapshotException e) {
      throw new IOException(
          ("nothing is removed, because it is not known what a snapshot needs: %s. See vnsnap scrub;"
                  + " delete the snapshots that cannot be saved")
              .formatted(e.getMessage()),
          e);
    }
  }

  private static long addMaps(Inventory there, Needed needed, List<Item> removed) {
    long neededBytes = 0;
    for (Map.Entry<Long, Place.Entry> map : there.maps().entrySet()) {
      if (needed.map(map.getKey())) {
        neededBytes += map.getValue().bytes();
      } else {
        removed.add(new Item(Kind.MAP, map.getValue().name(), map.getValue().bytes()));
      }
    }
    for (Map.Entry<Long, Place.Entry> hint : there.hints().entrySet()) {
      if (!needed.map(hint.getKey())) {
        removed.add(new Item(Kind.HINT, hint.getValue().name(), hint.getValue().bytes()));
      }
    }
    return neededBytes;
  }

  /** Runs that speak of no pack that stays. */
  private void addRuns(Inventory there, Set<Long> stay, List<Item> removed) {
    for (Map.Entry<Long, Collection<Long>> run : store.index().packsOfRuns().entrySet()) {
      Place.Entry entry = there.runs().get(run.getKey());
      if (entry != null && run.getValue().stream().noneMatch(stay::contains)) {
        removed.add(new Item(Kind.INDEX, entry.name(), entry.bytes()));
      }
    }
  }

  /**
   * What crashes have left of snapshots that were not sealed. Leases are looked at before
   * manifests, as by {@link Roots}.
   */
  List<Item> leftovers() throws IOException {
    List<Item> removed = new ArrayList<>();
    long now = store.leases().placeNowMs();
    Set<String> taken = new HashSet<>();
    Set<String> over = new HashSet<>();
    for (Leases.Found found : store.leases().all(ObjectNames.LEASES)) {
      if (!found.isOver(now)) {
        taken.add(snapshotOf(ObjectNames.LEASES, found.name()));
      } else {
        over.add(found.name());
      }
    }
    for (Place.Entry lease : place.list(ObjectNames.LEASES)) {
      if (over.contains(lease.name())) {
        removed.add(new Item(Kind.LEASE, lease.name(), lease.bytes()));
      }
    }
    long before = now - Leases.COMMITTED_FOR.toMillis();
    List<Place.Entry> parts = place.list(ObjectNames.SNAPSHOTS);
    for (Place.Entry part : parts) {
      String id = snapshotOf(ObjectNames.SNAPSHOTS, part.name());
      if (part.name().equals(ObjectNames.SNAPSHOTS + id + "/manifest")) {
        taken.add(id);
      }
    }
    for (Place.Entry part : parts) {
      if (part.modifiedMs() < before
          && !taken.contains(snapshotOf(ObjectNames.SNAPSHOTS, part.name()))) {
        removed.add(new Item(Kind.CHANNEL_LOG, part.name(), part.bytes()));
      }
    }
    for (Place.Entry tick : place.list(CLOCK)) {
      if (tick.modifiedMs() < before) {
        removed.add(new Item(Kind.OTHER, tick.name(), tick.bytes()));
      }
    }
    return removed;
  }

  private static String snapshotOf(String prefix, String name) {
    int end = name.indexOf('/', prefix.length());
    return name.substring(prefix.length(), end < 0 ? name.length() : end);
  }
}
