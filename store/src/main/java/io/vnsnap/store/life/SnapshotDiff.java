package io.vnsnap.store.life;

import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.store.map.MapReader;
import io.vnsnap.store.map.PageMap;
import io.vnsnap.store.map.PageTable;
import io.vnsnap.store.pack.PageIds;
import io.vnsnap.store.record.Damage;
import io.vnsnap.store.record.ObjectNames;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What differs between two snapshots, page by page. From their page maps alone: no page is read.
 *
 * @param from manifest of the first
 * @param to manifest of the second
 * @param vms those that both have, in the order of the second
 * @param onlyFrom names of VMs that only the first has
 * @param onlyTo names of VMs that only the second has
 */
public record SnapshotDiff(
    Manifest from, Manifest to, List<OfVm> vms, List<String> onlyFrom, List<String> onlyTo) {
  private static final String DEVICES = "devices";

  /**
   * One VM.
   *
   * @param memory its blocks of memory and its devices, in their order
   * @param disks its disks
   */
  public record OfVm(String vm, List<Changes> memory, List<Changes> disks) {

    /** Pages of memory that differ. */
    public long changedPages() {
      return memory.stream().mapToLong(Changes::changed).sum();
    }
  }

  /**
   * A block of memory, the devices, or a disk.
   *
   * @param name as the hypervisor calls it
   * @param pageBytes length of a page
   * @param pages that the longer one of both has; of a disk, its blocks
   * @param changed pages that differ
   * @param zeroed of these, pages that are all zeros in the second
   * @param onlyIn which snapshot has it, if only one does: 0 both, 1 the first, 2 the second
   */
  public record Changes(
      String name, int pageBytes, long pages, long changed, long zeroed, int onlyIn) {}

  /**
   * Compares two snapshots of one store.
   *
   * @throws io.vnsnap.store.DamagedSnapshotException if a page map cannot be read
   */
  public static SnapshotDiff of(StoreAccess store, Manifest from, Manifest to) throws IOException {
    Map<String, ImageRecord> before = new LinkedHashMap<>();
    from.getImagesList().forEach(image -> before.put(image.getVm(), image));
    List<OfVm> vms = new ArrayList<>();
    List<String> onlyTo = new ArrayList<>();
    Maps maps = new Maps(store);
    for (ImageRecord image : to.getImagesList()) {
      ImageRecord old = before.remove(image.getVm());
      if (old == null) {
        onlyTo.add(image.getVm());
      } else {
        vms.add(
            new OfVm(
                image.getVm(),
                maps.compare(old.getObject(), image.getObject(), "VM " + image.getVm(), ""),
                disks(maps, old, image)));
      }
    }
    return new SnapshotDiff(
        from, to, List.copyOf(vms), List.copyOf(before.keySet()), List.copyOf(onlyTo));
  }

  private static List<Changes> disks(Maps maps, ImageRecord from, ImageRecord to)
      throws IOException {
    Map<String, String> before = new LinkedHashMap<>();
    from.getDisksList().forEach(disk -> before.put(disk.getName(), disk.getObject()));
    List<Changes> changes = new ArrayList<>();
    for (DiskRecord disk : to.getDisksList()) {
      String old = before.remove(disk.getName());
      changes.addAll(maps.compare(old, disk.getObject(), "disk " + disk.getName(), disk.getName()));
    }
    for (Map.Entry<String, String> gone : before.entrySet()) {
      changes.addAll(maps.compare(gone.getValue(), null, "disk " + gone.getKey(), gone.getKey()));
    }
    return List.copyOf(changes);
  }

  /** Compares page maps. */
  private static final class Maps {
    private final StoreAccess store;
    private final long[] one = new long[PageIds.LONGS];
    private final long[] other = new long[PageIds.LONGS];

    Maps(StoreAccess store) {
      this.store = store;
    }

    /**
     * Compares two maps.
     *
     * @param named what all of it is called; empty: each block has its own name
     */
    List<Changes> compare(@Nullable String from, @Nullable String to, String what, String named)
        throws IOException {
      try (PageMap before = open(from, what);
          PageMap after = open(to, what)) {
        PageTable old = before == null ? null : before.table();
        PageTable fresh = after == null ? null : after.table();
        List<Changes> changes = new ArrayList<>();
        for (String block : blocks(old, fresh)) {
          changes.add(
              compare(old, number(old, block), fresh, number(fresh, block), name(named, block)));
        }
        return List.copyOf(changes);
      }
    }

    private static String name(String named, String block) {
      if (!named.isEmpty()) {
        return named;
      }
      return block.isEmpty() ? DEVICES : block;
    }

    private @Nullable PageMap open(@Nullable String object, String what) throws IOException {
      if (object == null) {
        return null;
      }
      OptionalLong name = ObjectNames.number(ObjectNames.IMAGES, object);
      if (name.isEmpty()) {
        throw Damage.missing(store.place(), "page map", "'%s' of %s".formatted(object, what));
      }
      return MapReader.read(store.place(), name.getAsLong(), store.tables(), store.names());
    }

    /** Names of blocks of either; empty for the rest, where one has any. */
    private static List<String> blocks(@Nullable PageTable old, @Nullable PageTable fresh) {
      Map<String, Boolean> names = new LinkedHashMap<>();
      boolean rest = false;
      for (PageTable table : Arrays.asList(fresh, old)) {
        if (table != null) {
          table.blocks().forEach(block -> names.put(block.name(), true));
          rest |= table.restBytes() > 0;
        }
      }
      List<String> all = new ArrayList<>(names.keySet());
      if (rest) {
        all.add("");
      }
      return all;
    }

    private static int number(@Nullable PageTable table, String block) {
      return table == null || block.isEmpty() ? PageTable.REST : table.block(block);
    }

    private static long pages(@Nullable PageTable table, int block) {
      return table == null || block < PageTable.REST ? 0 : table.pages(block);
    }

    private Changes compare(
        @Nullable PageTable old, int oldBlock, @Nullable PageTable fresh, int block, String name) {
      long before = pages(old, oldBlock);
      long after = pages(fresh, block);
      long changed = 0;
      long zeroed = 0;
      for (long page = 0; page < Math.max(before, after); page++) {
        id(page < before ? old : null, oldBlock, page, one);
        id(page < after ? fresh : null, block, page, other);
        if (!Arrays.equals(one, other)) {
          changed++;
          zeroed += isZero(other) ? 1 : 0;
        }
      }
      int onlyIn = before == 0 && after > 0 ? 2 : after == 0 && before > 0 ? 1 : 0;
      int shift = fresh != null ? fresh.shift() : old == null ? 0 : old.shift();
      return new Changes(name, 1 << shift, Math.max(before, after), changed, zeroed, onlyIn);
    }

    private static boolean isZero(long[] id) {
      return (id[0] | id[1] | id[2] | id[3]) == 0;
    }

    private static void id(@Nullable PageTable table, int block, long page, long[] id) {
      if (table == null) {
        Arrays.fill(id, 0);
      } else {
        table.id(block, page, id);
      }
    }
  }
}
