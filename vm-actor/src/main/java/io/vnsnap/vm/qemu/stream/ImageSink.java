package io.vnsnap.vm.qemu.stream;

import io.vnsnap.store.ImageWriter;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Gives the parts of a stream to the store. */
public final class ImageSink implements StreamSink {
  private final ImageWriter writer;

  /**
   * @param writer neither committed nor closed here
   */
  public ImageSink(ImageWriter writer) {
    this.writer = writer;
  }

  @Override
  public void block(String name, long bytes) throws IOException {
    writer.block(name, bytes);
  }

  @Override
  public void page(int block, long page, ByteBuffer content) throws IOException {
    writer.page(block, page, content);
  }

  @Override
  public void zeroPage(int block, long page) throws IOException {
    writer.zeroPage(block, page);
  }

  @Override
  public void outline(StreamOutline outline) throws IOException {
    writer.write(outline.encode());
  }

  @Override
  public void rest(ByteBuffer bytes) throws IOException {
    writer.write(bytes);
  }
}
