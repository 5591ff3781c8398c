package io.vnsnap.vm;

import io.vnsnap.store.ImageReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** An image that knows how much of it has been read; the count may be asked for by any thread. */
final class CountedImage implements ImageReader {
  private final ImageReader image;
  private volatile long done;

  CountedImage(ImageReader image) {
    this.image = image;
  }

  long done() {
    return done;
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
  }

  @Override
  public PageScan scan() throws IOException {
    return image.scan();
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    int n = image.read(into);
    if (n > 0) {
      long sum = done + n;
      done = sum;
    }
    return n;
  }

  @Override
  public void close() throws IOException {
    image.close();
  }
}
