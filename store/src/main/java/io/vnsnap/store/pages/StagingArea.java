package io.vnsnap.store.pages;

import io.vnsnap.store.map.Slabs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Where pages of a capture in rounds wait for a later version of themselves. Takes memory as it is
 * needed, as long as the budget that all captures share has some. Used by one thread.
 */
final class StagingArea {
  private final Slabs slabs;
  private final AtomicLong budget;
  private final int shift;
  private final int pagesPerSlab;
  private final List<ByteBuffer> memory = new ArrayList<>();
  private final Deque<Integer> freeSlots = new ArrayDeque<>();
  private final List<Map<Long, Integer>> slots = new ArrayList<>();
  private int used;

  /**
   * An empty area.
   *
   * @param budget bytes that may still be taken
   */
  StagingArea(Slabs slabs, AtomicLong budget, int shift) {
    this.slabs = slabs;
    this.budget = budget;
    this.shift = shift;
    this.pagesPerSlab = Slabs.BYTES >>> shift;
  }

  /** Takes a page; false if there is no room for it, and then no earlier version is here. */
  boolean put(int block, long page, ByteBuffer content) {
    Map<Long, Integer> ofBlock = slots(block);
    Integer slot = ofBlock.get(page);
    if (slot == null) {
      slot = freeSlot();
      if (slot < 0) {
        return false;
      }
      ofBlock.put(page, slot);
    }
    memory
        .get(slot / pagesPerSlab)
        .put(slot % pagesPerSlab << shift, content, content.position(), 1 << shift);
    content.position(content.position() + (1 << shift));
    return true;
  }

  /** Forgets a page. */
  void remove(int block, long page) {
    Integer slot = slots(block).remove(page);
    if (slot != null) {
      freeSlots.push(slot);
    }
  }

  private Map<Long, Integer> slots(int block) {
    while (slots.size() <= block) {
      slots.add(new HashMap<>());
    }
    return slots.get(block);
  }

  private int freeSlot() {
    Integer free = freeSlots.poll();
    if (free != null) {
      return free;
    }
    if (used == memory.size() * pagesPerSlab) {
      if (budget.addAndGet(-Slabs.BYTES) < 0) {
        budget.addAndGet(Slabs.BYTES);
        return -1;
      }
      memory.add(slabs.take());
    }
    return used++;
  }

  /** Takes a page that waited. */
  interface PageConsumer {
    void accept(int block, long page, ByteBuffer content) throws IOException;
  }

  /** Gives all pages in order, and forgets them. */
  void drain(PageConsumer consumer) throws IOException {
    for (int block = 0; block < slots.size(); block++) {
      Map<Long, Integer> ofBlock = slots.get(block);
      for (long page : ofBlock.keySet().stream().mapToLong(Long::longValue).sorted().toArray()) {
        Integer slot = ofBlock.get(page);
        if (slot != null) {
          consumer.accept(
              block,
              page,
              memory.get(slot / pagesPerSlab).slice(slot % pagesPerSlab << shift, 1 << shift));
        }
      }
    }
    release();
  }

  /** Gives the memory back. */
  void release() {
    memory.forEach(slabs::giveBack);
    budget.addAndGet((long) memory.size() * Slabs.BYTES);
    memory.clear();
    slots.clear();
    freeSlots.clear();
    used = 0;
  }
}
