package io.vnsnap.simulation.world;

import com.google.protobuf.ByteString;
import io.vnsnap.store.ImageReader;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/** An image in memory: of its blocks the pages that are not zero, and the rest. */
final class StoredImage {
  private final List<ImageReader.Block> blocks = new ArrayList<>();
  private final List<NavigableMap<Long, byte[]>> pages = new ArrayList<>();
  private final ByteArrayOutputStream rest = new ByteArrayOutputStream();

  int add(ImageReader.Block block) {
    blocks.add(block);
    pages.add(new TreeMap<>());
    return blocks.size() - 1;
  }

  void put(int block, long page, ByteBuffer content) {
    byte[] copy = new byte[content.remaining()];
    content.get(copy);
    pages.get(block).put(page, copy);
  }

  void remove(int block, long page) {
    pages.get(block).remove(page);
  }

  void append(ByteBuffer bytes) {
    byte[] piece = new byte[bytes.remaining()];
    bytes.get(piece);
    rest.writeBytes(piece);
  }

  long bytes() {
    return blocks.stream().mapToLong(ImageReader.Block::bytes).sum() + rest.size();
  }

  /** Not a cryptographic one: nobody attacks here. */
  ByteString digest() {
    CRC32C crc = new CRC32C();
    ByteBuffer number = ByteBuffer.allocate(Long.BYTES);
    for (NavigableMap<Long, byte[]> block : pages) {
      block.forEach((page, content) -> {
        crc.update(number.clear().putLong(page).flip());
        crc.update(content);
      });
    }
    crc.update(rest.toByteArray());
    return ByteString.copyFrom(
        ByteBuffer.allocate(32).putLong(crc.getValue()).putLong(bytes()).array());
  }

  ImageReader read() {
    return new Reader();
  }

  private final class Reader implements ImageReader {
    private final ByteBuffer left = ByteBuffer.wrap(rest.toByteArray());

    @Override
    public long bytes() {
      return StoredImage.this.bytes();
    }

    @Override
    public List<Block> blocks() {
      return Collections.unmodifiableList(blocks);
    }

    @Override
    public boolean isZero(int block, long page) {
      return !pages.get(block).containsKey(page);
    }

    @Override
    public void read(int block, long page, ByteBuffer into) {
      into.put(pages.get(block).getOrDefault(page, new byte[PAGE_BYTES]));
    }

    @Override
    public PageScan scan() {
      return new Scan(pages);
    }

    @Override
    public int read(ByteBuffer into) {
      if (!left.hasRemaining()) {
        return -1;
      }
      int length = Math.min(into.remaining(), left.remaining());
      into.put(left.slice(left.position(), length));
      left.position(left.position() + length);
      return length;
    }

    @Override
    public void close() {
      // Nothing is held.
    }
  }

  private static final class Scan implements ImageReader.PageScan {
    private final List<NavigableMap<Long, byte[]>> pages;
    private int block = -1;
    private Iterator<Map.Entry<Long, byte[]>> ahead = Collections.emptyIterator();
    private Map.Entry<Long, byte[]> current = Map.entry(-1L, new byte[0]);

    Scan(List<NavigableMap<Long, byte[]>> pages) {
      this.pages = pages;
    }

    @Override
    public boolean next() {
      while (!ahead.hasNext()) {
        block++;
        if (block >= pages.size()) {
          return false;
        }
        ahead = pages.get(block).entrySet().iterator();
      }
      current = ahead.next();
      return true;
    }

    @Override
    public int block() {
      return block;
    }

    @Override
    public long page() {
      return current.getKey();
    }

    @Override
    public ByteBuffer content() {
      return ByteBuffer.wrap(current.getValue());
    }

    @Override
    public void close() {
      // Nothing is held.
    }
  }
}
