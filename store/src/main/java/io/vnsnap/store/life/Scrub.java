package io.vnsnap.store.life;

import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.life.ScrubReport.Finding;
import io.vnsnap.store.map.MapReader;
import io.vnsnap.store.map.PageMap;
import io.vnsnap.store.map.PageTable;
import io.vnsnap.store.pack.PackReader;
import io.vnsnap.store.pack.PageIds;
import io.vnsnap.store.pack.PagePlace;
import io.vnsnap.store.place.Place;
import io.vnsnap.store.record.ChannelLogs;
import io.vnsnap.store.record.ObjectNames;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads everything back: each page is hashed anew and compared with its id, the index is compared
 * with the packs, and maps, channel logs and manifests are read. What is wrong does not end it: all
 * of it is found, and which snapshots and VMs it touches. Memory is bounded by the map of the
 * largest VM and the ids of the largest pack. Used by one thread.
 */
public final class Scrub {
  private static final int SLOT_BITS = 8;

  private final StoreAccess store;
  private final Place place;
  private final Progress progress;
  private final boolean repairIndex;
  private final BadPages bad = new BadPages();
  private final List<Finding> findings = new ArrayList<>();
  private final long[] id = new long[PageIds.LONGS];
  private long pages;
  private long bytes;

  /** Is told how far it is. */
  @FunctionalInterface
  public interface Progress {
    void at(long readBytes, long allBytes);
  }

  private Scrub(StoreAccess store, boolean repairIndex, Progress progress) {
    this.store = store;
    this.place = store.place();
    this.repairIndex = repairIndex;
    this.progress = progress;
  }

  /**
   * Checks a store.
   *
   * @param repairIndex make the index anew where it is wrong; nothing else is ever changed
   * @throws IOException if the store cannot be read at all
   */
  public static ScrubReport run(StoreAccess store, boolean repairIndex, Progress progress)
      throws IOException {
    return new Scrub(store, repairIndex, progress).run();
  }

  private ScrubReport run() throws IOException {
    Roots roots = Roots.find(store);
    roots.damaged().forEach(line -> add(line, new TreeMap<>(), false));
    Inventory there = Inventory.of(place);
    checkRuns(there);
    store.index().refresh();
    checkPacks(there);
    List<SortedMap<String, Long>> touched = new ArrayList<>();
    bad.findings().forEach(finding -> touched.add(new TreeMap<>()));
    checkMaps(roots, there, touched);
    for (int i = 0; i < touched.size(); i++) {
      add(bad.findings().get(i), touched.get(i), false);
    }
    roots.manifests().forEach(this::checkLogs);
    return new ScrubReport(findings, roots.manifests().size(), there.packs().size(), pages, bytes);
  }

  private void add(@Nullable String what, SortedMap<String, Long> touched, boolean index) {
    findings.add(
        new Finding(String.valueOf(what), Collections.unmodifiableSortedMap(touched), index));
  }

  private static SortedMap<String, Long> all(String what) {
    return new TreeMap<>(Map.of(what, 0L));
  }

  private void checkRuns(Inventory there) throws IOException {
    for (Map.Entry<Long, Place.Entry> run : there.runs().entrySet()) {
      try {
        store.index().verify(run.getKey());
      } catch (NoSuchFileException e) {
        // Merged meanwhile.
      } catch (DamagedSnapshotException e) {
        add(e.getMessage() + repaired("removed"), new TreeMap<>(), true);
        if (repairIndex) {
          place.delete(run.getValue().name());
        }
      }
    }
  }

  private String repaired(String how) {
    return repairIndex ? " (" + how + ")" : "";
  }

  private void checkPacks(Inventory there) throws IOException {
    long all = there.packs().values().stream().mapToLong(Place.Entry::bytes).sum();
    PageIds.Hasher hasher = store.ids().hasher();
    try (PackReader.Decoder decoder = new PackReader.Decoder()) {
      for (Map.Entry<Long, Place.Entry> pack : there.packs().entrySet()) {
        try (PackReader reader = PackReader.open(place, pack.getKey(), store.ids().scheme())) {
          ByteBuffer ids = reader.ids();
          checkGroups(pack.getKey(), reader, ids, hasher, decoder);
          checkIndex(pack.getKey(), reader, ids);
        } catch (NoSuchFileException e) {
          // Removed meanwhile by garbage collection: no snapshot needs it.
        } catch (DamagedSnapshotException e) {
          bad.pack(pack.getKey(), String.valueOf(e.getMessage()));
        }
        bytes += pack.getValue().bytes();
        progress.at(bytes, all);
      }
    }
  }

  private void checkGroups(
      long pack,
      PackReader reader,
      ByteBuffer ids,
      PageIds.Hasher hasher,
      PackReader.Decoder decoder)
      throws IOException {
    int first = 0;
    for (int group = 0; group < reader.groups(); group++) {
      int count = reader.pages(group);
      if (count > 0) {
        try {
          checkGroup(pack, group, reader, first, ids, hasher, decoder);
        } catch (DamagedSnapshotException e) {
          bad.group(pack, group, String.valueOf(e.getMessage()));
        }
      }
      first += count;
    }
  }

  private void checkGroup(
      long pack,
      int group,
      PackReader reader,
      int first,
      ByteBuffer ids,
      PageIds.Hasher hasher,
      PackReader.Decoder decoder)
      throws IOException {
    byte[] content = reader.group(group, decoder);
    int length = 1 << reader.shift(group);
    byte[] page = new byte[length];
    for (int slot = 0; slot < reader.pages(group); slot++) {
      System.arraycopy(content, slot * length, page, 0, length);
      hasher.id(page, length, id);
      pages++;
      if (!isId(ids, first + slot, id)) {
        bad.group(
            pack,
            group,
            "damaged pack %s in %s: page %d of group %d is not the one that its id stands for"
                .formatted(ObjectNames.pack(pack), place.describe(), slot, group));
      }
    }
  }

  private static boolean isId(ByteBuffer ids, int page, long[] id) {
    for (int i = 0; i < id.length; i++) {
      if (ids.getLong(page * PageIds.BYTES + i * Long.BYTES) != id[i]) {
        return false;
      }
    }
    return true;
  }

  /** Whether each page of a pack is found by its id. */
  private void checkIndex(long pack, PackReader reader, ByteBuffer ids) throws IOException {
    int ordinal = store.names().ordinal(pack);
    long missing = 0;
    int page = 0;
    for (int group = 0; group < reader.groups(); group++) {
      for (int slot = 0; slot < reader.pages(group); slot++, page++) {
        for (int i = 0; i < id.length; i++) {
          id[i] = ids.getLong(page * PageIds.BYTES + i * Long.BYTES);
        }
        long found = store.index().find(id, other -> other == ordinal, true);
        if (found == PagePlace.NONE
            || PagePlace.groupAndSlot(found) != (group << SLOT_BITS | slot)) {
          missing++;
        }
      }
    }
    if (missing > 0) {
      add(
          "the index does not have %d of the %d pages of %s in %s%s"
              .formatted(
                  missing,
                  reader.pages(),
                  ObjectNames.pack(pack),
                  place.describe(),
                  repaired("indexed anew")),
          new TreeMap<>(),
          true);
      if (repairIndex) {
        store.index().add(pack, reader);
      }
    }
  }

  private void checkMaps(Roots roots, Inventory there, List<SortedMap<String, Long>> touched)
      throws IOException {
    for (Roots.Root root : roots.roots()) {
      if (!root.sealed()) {
        continue;
      }
      try (PageMap map = MapReader.read(place, root.map(), store.tables(), store.names())) {
        if (!map.rootIsRight()) {
          add(
              "damaged page map %s in %s: its root is not that of its pages"
                  .formatted(ObjectNames.image(root.map()), place.describe()),
              all(root.toString()),
              false);
        }
        checkPages(root, map.table(), there, touched);
      } catch (DamagedSnapshotException e) {
        add(e.getMessage(), all(root.toString()), false);
      }
    }
  }

  private void checkPages(
      Roots.Root root, PageTable table, Inventory there, List<SortedMap<String, Long>> touched)
      throws IOException {
    Map<Long, Long> missing = new TreeMap<>();
    for (int block = PageTable.REST; block < table.blockCount(); block++) {
      long count = table.pages(block);
      for (long page = table.skipZeros(block, 0);
          page < count;
          page = table.skipZeros(block, page + 1)) {
        checkPage(root, table, block, page, there, touched, missing);
      }
    }
    missing.forEach((pack, lost) ->
        add(
            "%s in %s is missing".formatted(ObjectNames.pack(pack), place.describe()),
            new TreeMap<>(Map.of(root.toString(), lost)),
            false));
  }

  private void checkPage(
      Roots.Root root,
      PageTable table,
      int block,
      long page,
      Inventory there,
      List<SortedMap<String, Long>> touched,
      Map<Long, Long> missing)
      throws IOException {
    long where = table.place(block, page);
    if (where == PagePlace.NONE) {
      return;
    }
    long pack = store.names().name(PagePlace.pack(where));
    if (!there.packs().containsKey(pack)) {
      table.id(block, page, id);
      where =
          store
              .index()
              .find(id, ordinal -> there.packs().containsKey(store.names().name(ordinal)), true);
      if (where == PagePlace.NONE) {
        missing.merge(pack, 1L, Long::sum);
        return;
      }
      pack = store.names().name(PagePlace.pack(where));
    }
    bad.finding(pack, PagePlace.groupAndSlot(where))
        .ifPresent(finding -> touched.get(finding).merge(root.toString(), 1L, Long::sum));
  }

  private void checkLogs(Manifest manifest) {
    for (ChannelLogRecord log : manifest.getLogsList()) {
      String name = ObjectNames.channelLog(manifest.getSnapshotId(), log.getTo());
      try {
        var unused = ChannelLogs.read(place, name, log);
      } catch (IOException e) {
        add(e.getMessage(), all("frames in flight of snapshot " + manifest.getSnapshotId()), false);
      }
    }
  }
}
