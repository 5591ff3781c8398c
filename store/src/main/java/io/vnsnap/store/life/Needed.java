package io.vnsnap.store.life;

import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.index.PackFilter;
import io.vnsnap.store.map.MapScan;
import io.vnsnap.store.pack.PackReader;
import io.vnsnap.store.pack.PagePlace;
import io.vnsnap.store.record.Damage;
import io.vnsnap.store.record.ObjectNames;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds what is needed: the maps that are named and their ancestors, and of the packs those pages
 * that these maps name. A page whose pack is gone, or is to go, is looked for in the index. Used by
 * one thread.
 */
final class Needed {
  private final StoreAccess store;
  private final Set<Long> packs;
  private final Set<Long> leaving;
  private final Map<Long, String> maps = new HashMap<>();
  private final Map<Long, PackUse> uses = new HashMap<>();
  private final PackFilter staying;
  private final PackFilter present;

  private Needed(StoreAccess store, Set<Long> packs, Set<Long> leaving) {
    this.store = store;
    this.packs = packs;
    this.leaving = leaving;
    this.present = ordinal -> packs.contains(store.names().name(ordinal));
    this.staying =
        ordinal -> {
          long pack = store.names().name(ordinal);
          return packs.contains(pack) && !leaving.contains(pack);
        };
  }

  /**
   * Finds it.
   *
   * @param roots whence
   * @param packs those that are there
   * @param leaving packs whose pages are taken from elsewhere where that is possible
   * @throws DamagedSnapshotException if a map or a page that is needed is nowhere: then it is not
   *     known what else is needed
   */
  static Needed find(
      StoreAccess store, Iterable<Roots.Root> roots, Set<Long> packs, Set<Long> leaving)
      throws IOException {
    store.index().refresh();
    Needed needed = new Needed(store, packs, leaving);
    for (Roots.Root root : roots) {
      needed.mark(root);
    }
    return needed;
  }

  /** Whether a map is needed. */
  boolean map(long name) {
    return maps.containsKey(name);
  }

  /** What is needed of a pack; null: nothing. */
  @Nullable PackUse pack(long name) {
    return uses.get(name);
  }

  private void mark(Roots.Root root) throws IOException {
    ArrayDeque<Long> left = new ArrayDeque<>();
    left.add(root.map());
    while (!left.isEmpty()) {
      long map = left.remove();
      if (maps.putIfAbsent(map, root.toString()) == null) {
        MapScan.Header header =
            MapScan.read(
                store.place(),
                map,
                (block, page, id, pack, groupAndSlot) ->
                    mark(id, pack, groupAndSlot, root.sealed(), map));
        if (header.parent() != 0) {
          left.add(header.parent());
        }
      }
    }
  }

  private void mark(long[] id, long pack, int groupAndSlot, boolean sealed, long map)
      throws IOException {
    boolean there = packs.contains(pack);
    // What is not sealed yet is refused by sealing if a pack that it names is gone.
    if (there && (!sealed || !leaving.contains(pack))) {
      use(pack).add(groupAndSlot);
      return;
    }
    long found = store.index().find(id, staying, true);
    if (found == PagePlace.NONE && there) {
      use(pack).add(groupAndSlot);
      return;
    }
    if (found == PagePlace.NONE) {
      found = store.index().find(id, present, true);
    }
    if (found == PagePlace.NONE) {
      throw Damage.of(
          store.place(),
          "pack",
          ObjectNames.pack(pack),
          "it is missing, and a page that %s has in it (%s) is nowhere else"
              .formatted(Objects.requireNonNull(maps.get(map)), ObjectNames.image(map)));
    }
    use(store.names().name(PagePlace.pack(found))).add(PagePlace.groupAndSlot(found));
  }

  private PackUse use(long pack) throws IOException {
    PackUse known = uses.get(pack);
    if (known != null) {
      return known;
    }
    PackUse opened = open(pack);
    uses.put(pack, opened);
    return opened;
  }

  private PackUse open(long pack) throws IOException {
    try (PackReader reader = PackReader.open(store.place(), pack, store.ids().scheme())) {
      int slots = 1;
      for (int group = 0; group < reader.groups(); group++) {
        slots = Math.max(slots, reader.pages(group));
      }
      return new PackUse(reader.pages(), slots);
    } catch (DamagedSnapshotException | NoSuchFileException e) {
      return PackUse.unknown(); // It stays as it is: scrub says what is wrong with it.
    }
  }
}
