package io.vnsnap.store.pack;

/**
 * Where a page is, as a long: ordinal of its pack (see {@link PackNames}), number of its group in
 * the pack, slot in the group.
 */
public final class PagePlace {
  /** Is nowhere. */
  public static final long NONE = -1;

  /** Most groups of a pack. */
  static final int MAX_GROUPS = 1 << 20;

  /** Most pages of a group. */
  static final int MAX_SLOTS = 255;

  private static final int SLOT_BITS = 8;

  private PagePlace() {}

  static long of(int pack, int group, int slot) {
    return (long) pack << Integer.SIZE | (long) group << SLOT_BITS | slot;
  }

  /**
   * A place from its stored form.
   *
   * @param groupAndSlot number of the group × 256 + slot
   */
  public static long of(int pack, int groupAndSlot) {
    return (long) pack << Integer.SIZE | Integer.toUnsignedLong(groupAndSlot);
  }

  /** Number of the group × 256 + slot. */
  public static int groupAndSlot(int group, int slot) {
    return group << SLOT_BITS | slot;
  }

  /** Ordinal of the pack. */
  public static int pack(long place) {
    return (int) (place >>> Integer.SIZE);
  }

  /** Number of the group × 256 + slot. */
  public static int groupAndSlot(long place) {
    return (int) place;
  }

  /** Number of the group in its pack. */
  public static int group(long place) {
    return (int) place >>> SLOT_BITS;
  }

  /** Slot in the group. */
  public static int slot(long place) {
    return (int) place & MAX_SLOTS;
  }
}
