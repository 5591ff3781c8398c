package io.vnsnap.vm;

import io.vnsnap.store.ImageReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/**
 * An image that knows how much of it has been read; the count may be asked for by any thread. Pages
 * of zeros, which nobody reads, count when a scan has come to its end.
 */
final class CountedImage implements ImageReader {
  private final ImageReader image;
  private final LongAdder done = new LongAdder();

  CountedImage(ImageReader image) {
    this.image = image;
  }

  /** Bytes read so far; no more than there are. */
  long done() {
    return Math.min(done.sum(), bytes());
  }

  @Override
  public long bytes() {
    return image.bytes();
  }

  @Override
  public List<Block> blocks() {
    return image.blocks();
  }

  @Override
  public boolean isZero(int block, long page) {
    return image.isZero(block, page);
  }

  @Override
  public void read(int block, long page, ByteBuffer into) throws IOException {
    image.read(block, page, into);
    done.add(PAGE_BYTES);
  }

  @Override
  public PageScan scan() throws IOException {
    return new CountedScan(image.scan());
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    int n = image.read(into);
    if (n > 0) {
      done.add(n);
    }
    return n;
  }

  @Override
  public void verify() throws IOException {
    image.verify();
  }

  @Override
  public void close() throws IOException {
    image.close();
  }

  private final class CountedScan implements PageScan {
    private final PageScan scan;
    private long left = blocks().stream().mapToLong(Block::bytes).sum();

    CountedScan(PageScan scan) {
      this.scan = scan;
    }

    @Override
    public boolean next() throws IOException {
      boolean more = scan.next();
      long now = more ? PAGE_BYTES : left;
      left -= now;
      done.add(now);
      return more;
    }

    @Override
    public int block() {
      return scan.block();
    }

    @Override
    public long page() {
      return scan.page();
    }

    @Override
    public ByteBuffer content() {
      return scan.content();
    }

    @Override
    public void close() throws IOException {
      scan.close();
    }
  }
}
