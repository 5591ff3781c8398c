package io.vnsnap.vm.sim.guest;

import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Memory as it was at one instant, to be taken page by page while the guest runs on. Used by the
 * guest's thread; a page that was taken may be read by another one until it is released.
 */
public final class FrozenMemory {
  private final GuestMemory memory;
  private final byte[] @Nullable [] pages;
  private final BitSet dirty;
  private boolean released;

  FrozenMemory(GuestMemory memory, byte[] @Nullable [] pages, BitSet dirty) {
    this.memory = memory;
    this.pages = pages;
    this.dirty = dirty;
  }

  /** All pages have numbers below this. */
  public int size() {
    return pages.length;
  }

  /** Pages written to between the freeze before this one and this one. */
  public int dirtyPages() {
    return dirty.cardinality();
  }

  /** Whether a page was written to between the freeze before this one and this one. */
  public boolean isDirty(int number) {
    return dirty.get(number);
  }

  /**
   * Takes a page; it is not kept here any more. To be read before this method, {@link #release} or
   * the guest is called again: then the guest may write to it.
   *
   * @param number below {@link #size}
   * @return null: zeros, or taken before
   */
  public byte @Nullable [] take(int number) {
    byte[] page = pages[number];
    if (page != null) {
      pages[number] = null;
      memory.unshare(number);
    }
    return page;
  }

  /** Gives up what was not taken. May be called again. */
  public void release() {
    if (!released) {
      released = true;
      memory.thaw();
    }
  }
}
