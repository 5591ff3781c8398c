package io.vnsnap.store.index;

import io.vnsnap.store.pack.PageIds;
import java.util.Arrays;

/**
 * Entries of an index run that is about to be written: per entry four longs of the id and one with
 * the pack's place in the run's table and group and slot. Used by one thread.
 */
final class RunEntries {
  private long[] longs;
  private int size;

  RunEntries(int expected) {
    this.longs = new long[Math.max(1, expected) * RunLayout.ENTRY_LONGS];
  }

  void add(long a, long b, long c, long d, long where) {
    int at = size * RunLayout.ENTRY_LONGS;
    if (at == longs.length) {
      longs = Arrays.copyOf(longs, 2 * longs.length);
    }
    longs[at] = a;
    longs[at + 1] = b;
    longs[at + 2] = c;
    longs[at + 3] = d;
    longs[at + PageIds.LONGS] = where;
    size++;
  }

  int size() {
    return size;
  }

  long get(int entry, int part) {
    return longs[entry * RunLayout.ENTRY_LONGS + part];
  }

  /** Indices of the entries in the order of their ids. */
  int[] sorted() {
    int[] order = new int[size];
    long[] keys = new long[size];
    for (int i = 0; i < size; i++) {
      // Ids are uniform: their first 40 bits and the entry's index sort all but a few of them.
      keys[i] = ((get(i, 0) ^ Long.MIN_VALUE) & -(1L << INDEX_BITS)) | i;
    }
    if (size > 1 << INDEX_BITS) {
      throw new IllegalArgumentException("too many entries to sort: " + size);
    }
    Arrays.sort(keys);
    for (int i = 0; i < size; i++) {
      order[i] = (int) keys[i] & (1 << INDEX_BITS) - 1;
    }
    for (int i = 1; i < size; i++) {
      for (int j = i; j > 0 && compare(order[j - 1], order[j]) > 0; j--) {
        int swapped = order[j];
        order[j] = order[j - 1];
        order[j - 1] = swapped;
      }
    }
    return order;
  }

  private static final int INDEX_BITS = 24;

  private int compare(int left, int right) {
    for (int part = 0; part < PageIds.LONGS; part++) {
      int order = Long.compareUnsigned(get(left, part), get(right, part));
      if (order != 0) {
        return order;
      }
    }
    return 0;
  }
}
