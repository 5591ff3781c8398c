package io.vnsnap.vm.qemu.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.vnsnap.store.ImageReader;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Keeps what a parser gives, and asserts that it keeps to its contract. */
final class TakenApart implements StreamSink {
  final List<ImageReader.Block> blocks = new ArrayList<>();
  final List<SortedMap<Long, byte[]>> pages = new ArrayList<>();
  final ByteArrayOutputStream rest = new ByteArrayOutputStream();
  @Nullable StreamOutline outline;

  @Override
  public void block(String name, long bytes) {
    assertThat(pages).allSatisfy(none -> assertThat(none).isEmpty());
    assertThat(name).isNotEmpty();
    assertThat(bytes).isPositive();
    assertThat(bytes % ImageReader.PAGE_BYTES).isZero();
    blocks.add(new ImageReader.Block(name, bytes));
    pages.add(new TreeMap<>());
  }

  @Override
  public void page(int block, long page, ByteBuffer content) {
    checked(block, page);
    if (content.remaining() != ImageReader.PAGE_BYTES) {
      throw new AssertionError("a page of " + content.remaining() + " bytes");
    }
    byte[] copy = new byte[content.remaining()];
    content.get(copy);
    pages.get(block).put(page, copy);
  }

  @Override
  public void zeroPage(int block, long page) {
    checked(block, page);
    pages.get(block).remove(page);
  }

  private void checked(int block, long page) {
    if (outline != null || page < 0 || page >= blocks.get(block).bytes() / 4096) {
      throw new AssertionError("page " + page + " of block " + block + " at a wrong time or place");
    }
  }

  @Override
  public void outline(StreamOutline found) {
    assertThat(outline).isNull();
    outline = found;
  }

  @Override
  public void rest(ByteBuffer bytes) {
    assertThat(outline).isNotNull();
    assertThat(bytes.hasRemaining()).isTrue();
    while (bytes.hasRemaining()) {
      rest.write(bytes.get());
    }
  }
}
