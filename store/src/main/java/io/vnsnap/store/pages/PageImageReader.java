package io.vnsnap.store.pages;

import io.vnsnap.store.ImageReader;
import io.vnsnap.store.map.PageMap;
import io.vnsnap.store.map.PageTable;
import io.vnsnap.store.record.Damage;
import io.vnsnap.store.record.ObjectNames;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** Reads an image by its page map. */
final class PageImageReader implements ImageReader {
  private final PageFinder finder;
  private final PageMap map;
  private final PageTable table;
  private final List<Block> blocks;
  private final byte[] restPage;
  private long restPosition;
  private volatile boolean closed;

  /**
   * A reader.
   *
   * @param map closed with this
   */
  PageImageReader(PageFinder finder, PageMap map) {
    this.finder = finder;
    this.map = map;
    this.table = map.table();
    this.blocks = table.blocks();
    this.restPage = new byte[1 << table.shift()];
  }

  @Override
  public long bytes() {
    return table.bytes();
  }

  @Override
  public List<Block> blocks() {
    return blocks;
  }

  @Override
  public boolean isZero(int block, long page) {
    checkPage(block, page);
    return table.isZero(block, page);
  }

  @Override
  public void read(int block, long page, ByteBuffer into) throws IOException {
    checkPage(block, page);
    finder.read(table, block, page, into);
  }

  @Override
  public PageScan scan() throws IOException {
    mustBeOpen();
    return new PageScanner(finder, table, false);
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    mustBeOpen();
    if (!into.hasRemaining()) {
      throw new IllegalArgumentException("no room to read into");
    }
    long left = table.restBytes() - restPosition;
    if (left == 0) {
      return -1;
    }
    int inPage = (int) (restPosition & restPage.length - 1);
    if (inPage == 0) {
      finder.read(table, PageTable.REST, restPosition >>> table.shift(), ByteBuffer.wrap(restPage));
    }
    int given = (int) Math.min(left, Math.min(into.remaining(), restPage.length - inPage));
    into.put(restPage, inPage, given);
    restPosition += given;
    return given;
  }

  @Override
  public void verify() throws IOException {
    mustBeOpen();
    if (!map.rootIsRight()) {
      throw Damage.of(
          finder.place(),
          "page map",
          ObjectNames.image(map.name()),
          "its root is not that of its pages");
    }
    try (PageScanner all = new PageScanner(finder, table, true)) {
      boolean more = true;
      while (more) {
        more = all.next();
      }
    }
  }

  private void checkPage(int block, long page) {
    mustBeOpen();
    if (block < 0 || block >= blocks.size() || page < 0 || page >= table.pages(block)) {
      throw new IllegalArgumentException("there is no page %d of block %d".formatted(page, block));
    }
  }

  private void mustBeOpen() {
    if (closed) {
      throw new IllegalStateException("the image is closed");
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      map.close();
    }
  }
}
