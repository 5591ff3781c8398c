package io.vnsnap.vm;

import com.google.protobuf.ByteString;
import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RecordedFrame;
import io.vnsnap.store.ChannelLogWriter;
import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.store.SnapshotStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** Keeps images in memory; can be full, and can be damaged. Only what a VM needs of a store. */
public final class MemoryStore implements SnapshotStore {
  private final Map<String, Stored> images = new ConcurrentHashMap<>();
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicInteger hung = new AtomicInteger();
  private volatile CountDownLatch hanging = new CountDownLatch(0);
  private volatile long capacity = Long.MAX_VALUE;
  private volatile boolean outOfMemory;

  /** Writers fail when an image grows beyond this. */
  public void limitTo(long bytes) {
    capacity = bytes;
  }

  /** Writers fail in their next write or commit, for want of memory. */
  public void runOutOfMemory() {
    outOfMemory = true;
  }

  /** Writers hang in their next write or commit until this is opened. */
  public void hangUntil(CountDownLatch opened) {
    hanging = opened;
  }

  /** Writers that hang now. */
  public int hung() {
    return hung.get();
  }

  /** Writers and readers that were not closed. */
  public int open() {
    return open.get();
  }

  public boolean holds(String snapshotId, String vm) {
    return images.containsKey(snapshotId + "/" + vm);
  }

  /**
   * Makes reading fail at this offset, as a wrong checksum would. Counted are all pages of all
   * blocks, then the rest.
   */
  public ImageReader damagedAt(String snapshotId, String vm, long offset) {
    return new Reader(image(snapshotId, vm), offset);
  }

  public ImageReader read(String snapshotId, String vm) {
    return new Reader(image(snapshotId, vm), Long.MAX_VALUE);
  }

  /** Pages of an image that are not zero. */
  public long pagesKept(String snapshotId, String vm) {
    return image(snapshotId, vm).pages().stream().mapToLong(Map::size).sum();
  }

  /** An image: its blocks, of each the pages that are not zero, and the rest. */
  private record Stored(
      List<ImageReader.Block> blocks, List<SortedMap<Long, byte[]>> pages, ByteString rest) {

    long memoryBytes() {
      return blocks.stream().mapToLong(ImageReader.Block::bytes).sum();
    }

    /** Where a page lies, all blocks joined. */
    long offset(int block, long page) {
      return blocks.subList(0, block).stream().mapToLong(ImageReader.Block::bytes).sum()
          + page * ImageReader.PAGE_BYTES;
    }
  }

  private Stored image(String snapshotId, String vm) {
    Stored image = images.get(snapshotId + "/" + vm);
    if (image == null) {
      throw new IllegalArgumentException("no image of " + vm + " in " + snapshotId);
    }
    return image;
  }

  @Override
  public ImageWriter writeImage(ImageTarget target) {
    open.incrementAndGet();
    return new Writer(target.snapshotId() + "/" + target.vm(), ImageReader.PAGE_BYTES);
  }

  @Override
  public ImageWriter writeDisk(ImageTarget target, String disk, Optional<DiskRecord> base)
      throws IOException {
    Stored below = base.map(record -> images.get(record.getObject())).orElse(null);
    if (base.isPresent() && below == null) {
      throw new DamagedSnapshotException("disk image " + base.get().getObject() + " is missing");
    }
    open.incrementAndGet();
    Writer writer =
        new Writer(
            target.snapshotId() + "/" + target.vm() + "/" + disk, ImageReader.DISK_BLOCK_BYTES);
    if (below != null) {
      writer.base = below.pages().get(0);
    }
    return writer;
  }

  @Override
  public ImageReader readDisk(String snapshotId, DiskRecord disk) throws IOException {
    Stored image = images.get(disk.getObject());
    if (image == null) {
      throw new DamagedSnapshotException("disk image " + disk.getObject() + " is missing");
    }
    return new Reader(image, Long.MAX_VALUE);
  }

  /** As the deletion of a snapshot does. */
  public void remove(String object) {
    images.remove(object);
  }

  @Override
  public ImageReader readImage(String snapshotId, ImageRecord record) throws IOException {
    if (!holds(snapshotId, record.getVm())) {
      throw new DamagedSnapshotException("image of " + record.getVm() + " is missing");
    }
    return read(snapshotId, record.getVm());
  }

  @Override
  public ChannelLogWriter writeChannelLog(String snapshotId, int to) {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<RecordedFrame> readChannelLog(String snapshotId, ChannelLogRecord log) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void seal(Manifest manifest) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Manifest manifest(String snapshotId) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Listing list() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void delete(String snapshotId) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void discard(String snapshotId) {
    throw new UnsupportedOperationException();
  }

  private final class Writer implements ImageWriter {
    private final String key;
    private final int pageLength;
    private SortedMap<Long, byte[]> base = new TreeMap<>();
    private final List<ImageReader.Block> blocks = new ArrayList<>();
    private final List<SortedMap<Long, byte[]>> pages = new ArrayList<>();
    private final ByteArrayOutputStream content = new ByteArrayOutputStream();
    private long taken;
    private long kept;
    private boolean closed;

    Writer(String key, int pageLength) {
      this.key = key;
      this.pageLength = pageLength;
    }

    @Override
    public int block(String name, long bytes) {
      blocks.add(new ImageReader.Block(name, bytes));
      pages.add(new TreeMap<>(base));
      return blocks.size() - 1;
    }

    @Override
    public void page(int block, long page, ByteBuffer buffer) throws IOException {
      byte[] copy = take(buffer);
      if (copy.length != pageLength) {
        throw new IllegalArgumentException("a page of " + copy.length + " bytes");
      }
      checkPage(block, page);
      pages.get(block).put(page, copy);
    }

    @Override
    public void zeroPage(int block, long page) {
      checkPage(block, page);
      pages.get(block).remove(page);
      taken += ImageReader.PAGE_BYTES;
    }

    private void checkPage(int block, long page) {
      if (page < 0 || page >= blocks.get(block).bytes() / pageLength) {
        throw new IllegalArgumentException("no page " + page + " in " + blocks.get(block));
      }
    }

    @Override
    public void write(ByteBuffer bytes) throws IOException {
      content.write(take(bytes));
    }

    private byte[] take(ByteBuffer bytes) throws IOException {
      failOrHang();
      byte[] copy = new byte[bytes.remaining()];
      bytes.get(copy);
      taken += copy.length;
      kept += copy.length;
      if (kept > capacity) {
        throw new IOException("disk full on test store");
      }
      return copy;
    }

    private void failOrHang() throws IOException {
      if (outOfMemory) {
        throw new OutOfMemoryError("no memory in the test store");
      }
      hung.incrementAndGet();
      try {
        hanging.await();
      } catch (InterruptedException e) {
        throw new IOException(e);
      } finally {
        hung.decrementAndGet();
      }
    }

    @Override
    public long bytes() {
      return taken;
    }

    @Override
    public Committed commit() throws IOException {
      failOrHang();
      ByteString rest = ByteString.copyFrom(content.toByteArray());
      Stored image = new Stored(List.copyOf(blocks), pages, rest);
      images.put(key, image);
      return new Committed(
          image.memoryBytes() + rest.size(), ByteString.copyFrom(new byte[32]), key, kept);
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        open.decrementAndGet();
      }
    }
  }

  private final class Reader implements ImageReader {
    private final Stored image;
    private final long damagedAt;
    private int position;
    private boolean closed;

    Reader(Stored image, long damagedAt) {
      this.image = image;
      this.damagedAt = damagedAt;
      open.incrementAndGet();
    }

    private void checkDamage(long offset, int length) throws IOException {
      if (damagedAt >= offset && damagedAt < offset + length) {
        throw new DamagedSnapshotException("image damaged at byte " + damagedAt);
      }
    }

    @Override
    public long bytes() {
      return image.memoryBytes() + image.rest().size();
    }

    @Override
    public List<Block> blocks() {
      return image.blocks();
    }

    @Override
    public boolean isZero(int block, long page) {
      return !image.pages().get(block).containsKey(page);
    }

    @Override
    public void read(int block, long page, ByteBuffer into) throws IOException {
      checkDamage(image.offset(block, page), PAGE_BYTES);
      into.put(image.pages().get(block).getOrDefault(page, new byte[PAGE_BYTES]));
    }

    @Override
    public PageScan scan() {
      return new Scan(this, image.pages());
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
      int n = Math.min(into.remaining(), image.rest().size() - position);
      if (n == 0) {
        return -1;
      }
      checkDamage(image.memoryBytes() + position, n);
      image.rest().substring(position, position + n).copyTo(into);
      position += n;
      return n;
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        open.decrementAndGet();
      }
    }
  }

  private static final class Scan implements ImageReader.PageScan {
    private final Reader reader;
    private final List<SortedMap<Long, byte[]>> pages;
    private int block = -1;
    private Iterator<Map.Entry<Long, byte[]>> rest = Collections.emptyIterator();
    private Map.Entry<Long, byte[]> current = Map.entry(-1L, new byte[0]);

    Scan(Reader reader, List<SortedMap<Long, byte[]>> pages) {
      this.reader = reader;
      this.pages = pages;
    }

    @Override
    public boolean next() throws IOException {
      while (!rest.hasNext()) {
        if (++block >= pages.size()) {
          return false;
        }
        rest = pages.get(block).entrySet().iterator();
      }
      current = rest.next();
      reader.checkDamage(reader.image.offset(block, page()), ImageReader.PAGE_BYTES);
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
    public void close() {}
  }
}
