package io.vnsnap.vm.qemu.lazy;

import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.ImageReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * An image whose pages say who they are: every third is zeros, the others are filled with block and
 * number. May be damaged at a page, hang at one, or end its scan.
 */
final class SmallImage implements ImageReader {
  static final List<Block> BLOCKS =
      List.of(new Block("pc.ram", 200L * PAGE_BYTES), new Block("pc.bios", 7L * PAGE_BYTES));

  private volatile long damagedPage = -1;
  private volatile boolean closed;
  private volatile CountDownLatch scanHangs = new CountDownLatch(0);

  /** Of the first block: reading it fails. */
  SmallImage damagedAt(long page) {
    damagedPage = page;
    return this;
  }

  /** A scan does not get on until this is opened. */
  SmallImage scanHangingUntil(CountDownLatch opened) {
    scanHangs = opened;
    return this;
  }

  boolean closed() {
    return closed;
  }

  static byte[] content(int block, long page) {
    byte[] content = new byte[PAGE_BYTES];
    if (page % 3 != 0) {
      Arrays.fill(content, (byte) (1 + block * 100 + page % 91));
      ByteBuffer.wrap(content).putInt(block).putLong(page);
    }
    return content;
  }

  @Override
  public long bytes() {
    return BLOCKS.stream().mapToLong(Block::bytes).sum();
  }

  @Override
  public List<Block> blocks() {
    return BLOCKS;
  }

  @Override
  public boolean isZero(int block, long page) {
    return page % 3 == 0;
  }

  @Override
  public void read(int block, long page, ByteBuffer into) throws IOException {
    if (block == 0 && page == damagedPage) {
      throw new DamagedSnapshotException("image i1 is damaged");
    }
    into.put(content(block, page));
  }

  /** From the end, so that it differs from the order of addresses. */
  @Override
  public PageScan scan() {
    return new PageScan() {
      private int block = BLOCKS.size() - 1;
      private long page = BLOCKS.get(block).bytes() / PAGE_BYTES;

      @Override
      public boolean next() throws IOException {
        awaitQuietly(scanHangs);
        while (true) {
          page--;
          if (page < 0) {
            if (block == 0) {
              return false;
            }
            block--;
            page = BLOCKS.get(block).bytes() / PAGE_BYTES;
          } else if (!isZero(block, page)) {
            if (block == 0 && page == damagedPage) {
              throw new DamagedSnapshotException("image i1 is damaged");
            }
            return true;
          }
        }
      }

      @Override
      public int block() {
        return block;
      }

      @Override
      public long page() {
        return page;
      }

      @Override
      public ByteBuffer content() {
        return ByteBuffer.wrap(SmallImage.content(block, page));
      }

      @Override
      public void close() {}
    };
  }

  private static void awaitQuietly(CountDownLatch latch) throws IOException {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  @Override
  public int read(ByteBuffer into) {
    return -1;
  }

  @Override
  public void close() {
    closed = true;
  }
}
