package io.vnsnap.store.index;

import io.vnsnap.store.pack.PageIds;
import io.vnsnap.store.place.Place;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.TreeSet;

/** Writes one index run from several. Used by one thread. */
final class RunMerge {
  private final List<IndexRun> runs;
  private final long[] packs;

  private RunMerge(List<IndexRun> runs) {
    this.runs = runs;
    TreeSet<Long> all = new TreeSet<>();
    for (IndexRun run : runs) {
      for (long pack : run.packNames()) {
        all.add(pack);
      }
    }
    this.packs = all.stream().mapToLong(Long::longValue).toArray();
  }

  static void write(Place place, long name, int scheme, List<IndexRun> runs) throws IOException {
    RunMerge merge = new RunMerge(runs);
    long[] entries = new long[1];
    merge.forEach((a, b, c, d, where) -> entries[0]++);
    RunWriter.write(place, name, scheme, merge.packs, entries[0], merge::forEach);
  }

  /** A run with where it is. */
  private final class Head {
    final IndexRun.Cursor cursor;
    final int[] packOf;

    Head(IndexRun run) {
      this.cursor = run.new Cursor();
      long[] names = run.packNames();
      this.packOf = new int[names.length];
      for (int i = 0; i < names.length; i++) {
        packOf[i] = java.util.Arrays.binarySearch(packs, names[i]);
      }
    }
  }

  private void forEach(RunWriter.EntryConsumer consumer) throws IOException {
    PriorityQueue<Head> heads =
        new PriorityQueue<>(runs.size(), (a, b) -> a.cursor.compareTo(b.cursor));
    List<Head> all = new ArrayList<>();
    for (IndexRun run : runs) {
      all.add(new Head(run));
    }
    for (Head head : all) {
      if (head.cursor.next()) {
        heads.add(head);
      }
    }
    long[] last = new long[PageIds.LONGS + 1];
    boolean any = false;
    while (!heads.isEmpty()) {
      Head head = heads.remove();
      IndexRun.Cursor entry = head.cursor;
      long where =
          (long) head.packOf[entry.pack()] << Integer.SIZE
              | Integer.toUnsignedLong(entry.groupAndSlot());
      if (!any || !isSame(last, entry, where)) {
        any = true;
        for (int part = 0; part < PageIds.LONGS; part++) {
          last[part] = entry.id(part);
        }
        last[PageIds.LONGS] = where;
        consumer.accept(last[0], last[1], last[2], last[3], where);
      }
      if (entry.next()) {
        heads.add(head);
      }
    }
  }

  /** The same page in two packs stays twice: one of them may be removed. */
  private static boolean isSame(long[] last, IndexRun.Cursor entry, long where) {
    for (int part = 0; part < PageIds.LONGS; part++) {
      if (last[part] != entry.id(part)) {
        return false;
      }
    }
    return last[PageIds.LONGS] == where;
  }
}
