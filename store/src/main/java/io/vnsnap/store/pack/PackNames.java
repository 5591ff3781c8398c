package io.vnsnap.store.pack;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Short numbers for the packs that this process has met, so that a page's place takes eight bytes.
 * They are given in order and never taken back. Safe for use by several threads.
 */
public final class PackNames {
  private final Map<Long, Integer> ordinals = new HashMap<>();
  private long[] names = new long[64];

  /** The pack's number in this process. */
  public synchronized int ordinal(long name) {
    Integer known = ordinals.get(name);
    if (known != null) {
      return known;
    }
    int ordinal = ordinals.size();
    if (ordinal == names.length) {
      names = Arrays.copyOf(names, 2 * names.length);
    }
    names[ordinal] = name;
    ordinals.put(name, ordinal);
    return ordinal;
  }

  /** The name behind a number. */
  public synchronized long name(int ordinal) {
    if (ordinal < 0 || ordinal >= ordinals.size()) {
      throw new IllegalArgumentException("no pack has the ordinal " + ordinal);
    }
    return names[ordinal];
  }

  /** How many packs have a number: the next one gets this. */
  public synchronized int size() {
    return ordinals.size();
  }
}
