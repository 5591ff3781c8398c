package io.vnsnap.store.pages;

import io.vnsnap.store.map.Slabs;
import java.nio.ByteBuffer;

/**
 * Pages on their way from a writer to the store: their content, outside the heap, and what they
 * are. Filled by one thread, then used by another.
 */
final class Batch {
  private final ByteBuffer content;
  private final int shift;
  private final Session session;
  private final int[] blocks;
  private final long[] pages;
  private final int[] turns;
  private int size;

  Batch(ByteBuffer slab, Session session, int shift) {
    this.content = slab;
    this.session = session;
    this.shift = shift;
    int most = Slabs.BYTES >>> shift;
    this.blocks = new int[most];
    this.pages = new long[most];
    this.turns = new int[most];
  }

  /** Takes a page; the source's position moves. */
  void add(int block, long page, int turn, ByteBuffer source) {
    content.put(size << shift, source, source.position(), 1 << shift);
    source.position(source.position() + (1 << shift));
    blocks[size] = block;
    pages[size] = page;
    turns[size] = turn;
    size++;
  }

  boolean isFull() {
    return size == blocks.length;
  }

  int size() {
    return size;
  }

  Session session() {
    return session;
  }

  int block(int i) {
    return blocks[i];
  }

  long page(int i) {
    return pages[i];
  }

  int turn(int i) {
    return turns[i];
  }

  /** Copies a page's content to the start of the array. */
  void copy(int i, byte[] into) {
    content.get(i << shift, into, 0, 1 << shift);
  }

  /** The memory, to be given back when the batch is done. */
  ByteBuffer slab() {
    return content;
  }
}
