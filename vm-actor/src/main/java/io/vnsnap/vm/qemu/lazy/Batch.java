package io.vnsnap.vm.qemu.lazy;

import io.vnsnap.store.ImageReader;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Pages that are to be sent together, read from the image and ready to be written. Which of them
 * are sent is decided only when they are written: what somebody else has sent by then is left out.
 * So a page that waits here is not kept from a guest that asks for it. Reused; used by one thread.
 */
final class Batch {
  private final ImageReader image;
  private final PageRecords records;
  private final ByteBuffer buffer;
  private final int[] blocks;
  private final long[] pages;
  private final int[] ends;
  private int count;
  private int bodyStart;

  /**
   * An empty batch.
   *
   * @param capacity most pages
   */
  Batch(ImageReader image, PageRecords records, int capacity) {
    this.image = image;
    this.records = records;
    this.buffer =
        ByteBuffer.allocateDirect(
            PageRecords.AROUND_BYTES + capacity * PageRecords.MAX_RECORD_BYTES);
    this.blocks = new int[capacity];
    this.pages = new long[capacity];
    this.ends = new int[capacity];
    clear();
  }

  void clear() {
    buffer.clear();
    records.begin(buffer);
    bodyStart = buffer.position();
    count = 0;
  }

  boolean isEmpty() {
    return count == 0;
  }

  boolean isFull() {
    return count == pages.length;
  }

  /** Reads a page and adds it. */
  void add(int block, long page) throws PageLostException {
    if (image.isZero(block, page)) {
      addZero(block, page);
      return;
    }
    records.page(buffer, block, page);
    int end = buffer.position() + ImageReader.PAGE_BYTES;
    try {
      image.read(block, page, buffer);
    } catch (IOException | RuntimeException e) {
      throw new PageLostException(name(block, page), e);
    }
    added(block, page, end);
  }

  /** Adds a page whose content is known. */
  void add(int block, long page, ByteBuffer content) {
    records.page(buffer, block, page);
    int end = buffer.position() + ImageReader.PAGE_BYTES;
    buffer.put(content);
    added(block, page, end);
  }

  void addZero(int block, long page) {
    records.zeroPage(buffer, block, page);
    added(block, page, buffer.position());
  }

  private void added(int block, long page, int end) {
    if (buffer.position() != end) {
      throw new IllegalStateException(name(block, page) + " is not one page long");
    }
    blocks[count] = block;
    pages[count] = page;
    ends[count] = end;
    count++;
  }

  String name(int block, long page) {
    return "page " + page + " of " + image.blocks().get(block).name();
  }

  /**
   * Writes those pages that nobody has claimed, and claims them.
   *
   * @return how many it wrote
   */
  int write(Wire wire, SentPages sent) throws IOException {
    records.end(buffer);
    int end = buffer.position();
    int from = 0;
    int start = bodyStart;
    int written = 0;
    for (int i = 0; i < count; i++) {
      if (sent.claim(blocks[i], pages[i])) {
        written++;
      } else {
        write(wire, from, start);
        from = ends[i];
      }
      start = ends[i];
    }
    write(wire, from, end);
    return written;
  }

  private void write(Wire wire, int from, int to) throws IOException {
    if (from < to) {
      wire.write(buffer.position(from).limit(to));
      buffer.limit(buffer.capacity());
    }
  }
}
