package io.vnsnap.store.pages;

import io.vnsnap.store.map.PageTable;
import io.vnsnap.store.pack.PagePlace;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * The pages of an image that are not zero, by the groups that hold them, in the order of the packs.
 * Eight bytes a page. Immutable.
 */
final class ScanOrder {
  private static final int PAGE_BITS = 40;

  private final int[] starts;
  private final long[] pages;

  private ScanOrder(int[] starts, long[] pages) {
    this.starts = starts;
    this.pages = pages;
  }

  /** Puts the pages in order by counting: two walks over the table. */
  static ScanOrder of(PageTable table, boolean withRest) {
    int first = withRest ? PageTable.REST : 0;
    Map<Integer, Integer> groupsOfPack = new TreeMap<>();
    walk(
        table,
        first,
        (block, page, where) -> {
          var unused =
              groupsOfPack.merge(PagePlace.pack(where), PagePlace.group(where) + 1, Math::max);
        });
    int groups = 0;
    Map<Integer, Integer> base = new TreeMap<>();
    for (Map.Entry<Integer, Integer> pack : groupsOfPack.entrySet()) {
      base.put(pack.getKey(), groups);
      groups = Math.addExact(groups, pack.getValue());
    }
    int[] counts = new int[groups + 1];
    Ranks ranks = new Ranks(base);
    walk(table, first, (block, page, where) -> counts[ranks.of(where) + 1]++);
    for (int i = 1; i <= groups; i++) {
      counts[i] += counts[i - 1];
    }
    long[] pages = new long[counts[groups]];
    int[] next = counts.clone();
    walk(
        table,
        first,
        (block, page, where) ->
            pages[next[ranks.of(where)]++] = (long) (block + 1) << PAGE_BITS | page);
    return new ScanOrder(withoutEmpty(counts), pages);
  }

  /** Drops groups of which no page is needed. */
  private static int[] withoutEmpty(int[] starts) {
    int kept = 0;
    int[] result = new int[starts.length];
    for (int start : starts) {
      if (kept == 0 || result[kept - 1] != start) {
        result[kept++] = start;
      }
    }
    return Arrays.copyOf(result, kept);
  }

  /** Number of a group over all packs. */
  private static final class Ranks {
    private final Map<Integer, Integer> base;
    private int lastPack = -1;
    private int lastBase;

    Ranks(Map<Integer, Integer> base) {
      this.base = base;
    }

    int of(long where) {
      int pack = PagePlace.pack(where);
      if (pack != lastPack) {
        Integer found = base.get(pack);
        if (found == null) {
          throw new IllegalStateException("the table has changed");
        }
        lastPack = pack;
        lastBase = found;
      }
      return lastBase + PagePlace.group(where);
    }
  }

  /** Takes a page that is not zero. */
  private interface Visitor {
    void visit(int block, long page, long where);
  }

  private static void walk(PageTable table, int first, Visitor visitor) {
    for (int block = first; block < table.blockCount(); block++) {
      long pages = table.pages(block);
      for (long page = table.skipZeros(block, 0); page < pages; ) {
        long where = table.place(block, page);
        if (where != PagePlace.NONE) {
          visitor.visit(block, page, where);
        }
        page = table.skipZeros(block, page + 1);
      }
    }
  }

  int groups() {
    return starts.length - 1;
  }

  /** Pages of a group. */
  int size(int group) {
    return starts[group + 1] - starts[group];
  }

  int block(int group, int i) {
    return (int) (pages[starts[group] + i] >>> PAGE_BITS) - 1;
  }

  long page(int group, int i) {
    return pages[starts[group] + i] & (1L << PAGE_BITS) - 1;
  }
}
