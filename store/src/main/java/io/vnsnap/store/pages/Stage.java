package io.vnsnap.store.pages;

import io.vnsnap.store.map.Slabs;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;

/**
 * The bounded memory between writers and workers: slabs outside the heap, shared by all images
 * being written. A writer that finds it empty waits; each brings one slab of its own, so that those
 * that hold a slab half full cannot keep another waiting for ever. Safe for use by several threads.
 */
final class Stage {
  private final Slabs slabs;
  private long free;

  Stage(Slabs slabs, long bytes) {
    this.slabs = slabs;
    this.free = bytes / Slabs.BYTES;
  }

  synchronized void writerCame() {
    free++;
    notifyAll();
  }

  synchronized void writerLeft() {
    free--;
  }

  /** Takes a slab, waiting until there is one; returns how long that was, in nanoseconds. */
  synchronized long reserve() throws InterruptedIOException {
    long waited = 0;
    if (free <= 0) {
      long begun = System.nanoTime();
      while (free <= 0) {
        try {
          wait();
        } catch (InterruptedException e) {
          throw interrupted(e);
        }
      }
      waited = System.nanoTime() - begun;
    }
    free--;
    return waited;
  }

  /** The slab that was reserved. */
  ByteBuffer slab() {
    return slabs.take();
  }

  void giveBack(ByteBuffer slab) {
    slabs.giveBack(slab);
    synchronized (this) {
      free++;
      notifyAll();
    }
  }

  static InterruptedIOException interrupted(InterruptedException cause) {
    Thread.currentThread().interrupt();
    var e = new InterruptedIOException("interrupted while waiting for the store");
    e.initCause(cause);
    return e;
  }
}
