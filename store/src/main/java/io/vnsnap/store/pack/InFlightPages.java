package io.vnsnap.store.pack;

/**
 * Pages of the packs that are being written and that no index run has yet: id to place. An
 * open-addressed table in stripes; a page takes 40 bytes, twice that with the room kept. Safe for
 * use by several threads.
 */
final class InFlightPages {
  private static final int STRIPES = 64;
  private static final int LONGS = PageIds.LONGS + 1;

  private final Stripe[] stripes = new Stripe[STRIPES];

  InFlightPages() {
    for (int i = 0; i < STRIPES; i++) {
      stripes[i] = new Stripe();
    }
  }

  /** Where a page is; {@link PagePlace#NONE} if it is not here. */
  long find(long[] id) {
    Stripe stripe = stripe(id);
    synchronized (stripe) {
      return stripe.find(id);
    }
  }

  /** Enters a page unless it is here; returns where it is. */
  long putIfAbsent(long[] id, long place) {
    Stripe stripe = stripe(id);
    synchronized (stripe) {
      long known = stripe.find(id);
      if (known == PagePlace.NONE) {
        stripe.add(id[0], id[1], id[2], id[3], place);
        return place;
      }
      return known;
    }
  }

  /** Forgets all pages of a pack. */
  void removePack(int ordinal) {
    for (Stripe stripe : stripes) {
      synchronized (stripe) {
        stripe.removePack(ordinal);
      }
    }
  }

  private Stripe stripe(long[] id) {
    return stripes[(int) id[3] & (STRIPES - 1)];
  }

  private static final class Stripe {
    private static final int FEWEST = 16;

    private long[] table = new long[FEWEST * LONGS];
    private int capacity = FEWEST;
    private int size;

    Stripe() {
      clear(table);
    }

    private static void clear(long[] table) {
      for (int at = PageIds.LONGS; at < table.length; at += LONGS) {
        table[at] = PagePlace.NONE;
      }
    }

    long find(long[] id) {
      for (int slot = first(id[0]); ; slot = slot + 1 & capacity - 1) {
        int at = slot * LONGS;
        long place = table[at + PageIds.LONGS];
        if (place == PagePlace.NONE
            || (table[at] == id[0]
                && table[at + 1] == id[1]
                && table[at + 2] == id[2]
                && table[at + 3] == id[3])) {
          return place;
        }
      }
    }

    void add(long a, long b, long c, long d, long place) {
      if (2 * (size + 1) > capacity) {
        rebuild(2 * capacity, PagePlace.NONE);
      }
      insert(a, b, c, d, place);
    }

    private void insert(long a, long b, long c, long d, long place) {
      int slot = first(a);
      while (table[slot * LONGS + PageIds.LONGS] != PagePlace.NONE) {
        slot = slot + 1 & capacity - 1;
      }
      int at = slot * LONGS;
      table[at] = a;
      table[at + 1] = b;
      table[at + 2] = c;
      table[at + 3] = d;
      table[at + PageIds.LONGS] = place;
      size++;
    }

    void removePack(int ordinal) {
      int kept = 0;
      for (int at = PageIds.LONGS; at < table.length; at += LONGS) {
        if (table[at] != PagePlace.NONE && PagePlace.pack(table[at]) != ordinal) {
          kept++;
        }
      }
      if (kept < size) {
        rebuild(Math.max(FEWEST, Integer.highestOneBit(Math.max(1, kept)) * 4), ordinal);
      }
    }

    private void rebuild(int newCapacity, long withoutPack) {
      long[] old = table;
      table = new long[newCapacity * LONGS];
      clear(table);
      capacity = newCapacity;
      size = 0;
      for (int at = 0; at < old.length; at += LONGS) {
        long place = old[at + PageIds.LONGS];
        if (place != PagePlace.NONE && PagePlace.pack(place) != withoutPack) {
          insert(old[at], old[at + 1], old[at + 2], old[at + 3], place);
        }
      }
    }

    /** The stripe is chosen by the last long, the slot by the first: ids are uniform. */
    private int first(long a) {
      return (int) a & capacity - 1;
    }
  }
}
