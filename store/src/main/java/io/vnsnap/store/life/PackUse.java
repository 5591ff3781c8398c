package io.vnsnap.store.life;

import java.util.BitSet;

/**
 * Which pages of a pack are needed: a bit for each, about 16 KiB for a pack of 128 MiB. Used by one
 * thread.
 */
final class PackUse {
  private static final int SLOT_BITS = 8;
  private static final int SLOT_MASK = (1 << SLOT_BITS) - 1;

  private final int pages;
  private final int slots;
  private final BitSet live = new BitSet();

  /**
   * None of its pages.
   *
   * @param pages in the pack
   * @param slots most pages of one of its groups
   */
  PackUse(int pages, int slots) {
    this.pages = pages;
    this.slots = slots;
  }

  /** A pack of which it is not known what it holds: all of it counts as needed. */
  static PackUse unknown() {
    return new PackUse(0, 0);
  }

  void add(int groupAndSlot) {
    if (pages > 0) {
      live.set((groupAndSlot >>> SLOT_BITS) * slots + Math.min(groupAndSlot & SLOT_MASK, slots));
    }
  }

  boolean isLive(int group, int slot) {
    return pages == 0 || live.get(group * slots + slot);
  }

  int pages() {
    return pages;
  }

  int livePages() {
    return Math.min(pages, live.cardinality());
  }

  /** Share of the pages that nobody needs, 0 to 1. */
  double deadShare() {
    return pages == 0 ? 0 : 1 - (double) livePages() / pages;
  }
}
