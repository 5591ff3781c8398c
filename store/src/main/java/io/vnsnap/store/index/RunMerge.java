package io.vnsnap.store.index;

import io.vnsnap.store.pack.PageIds;
import io.vnsnap.store.place.Place;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.TreeSet;
import java.util.function.LongPredicate;

/** Writes one index run from several. Used by one thread. */
final class RunMerge {
  private final List<IndexRun> runs;
  private final long[] packs;

  private RunMerge(List<IndexRun> runs, LongPredicate kept) {
    this.runs = runs;
    TreeSet<Long> all = new TreeSet<>();
    for (IndexRun run : runs) {
      for (long pack : run.packNames()) {
        if (kept.test(pack)) {
          all.add(pack);
        }
      }
    }
    this.packs = all.stream().mapToLong(Long::longValue).toArray();
  }

  static void write(Place place, long name, int scheme, List<IndexRun> runs) throws IOException {
    boolean unused = write(place, name, scheme, runs, pack -> true);
  }

  /**
   * Writes a run without the entries of some packs.
   *
   * @return false if no entry is left: then nothing is written
   */
  static boolean write(Place place, long name, int scheme, List<IndexRun> runs, LongPredicate kept)
      throws IOException {
    RunMerge merge = new RunMerge(runs, kept);
    long[] entries = new long[1];
    merge.forEach((a, b, c, d, where) -> entries[0]++);
    if (entries[0] > 0) {
      RunWriter.write(place, name, scheme, merge.packs, entries[0], merge::forEach);
    }
    return entries[0] > 0;
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
      int pack = head.packOf[entry.pack()];
      long where = (long) pack << Integer.SIZE | Integer.toUnsignedLong(entry.groupAndSlot());
      if (pack >= 0 && (!any || !isSame(last, entry, where))) {
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
