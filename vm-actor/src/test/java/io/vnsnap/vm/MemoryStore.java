package io.vnsnap.vm;

import com.google.protobuf.ByteString;
import io.vnsnap.proto.ChannelLogRecord;
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
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** Keeps images in memory; can be full, and can be damaged. Only what a VM needs of a store. */
public final class MemoryStore implements SnapshotStore {
  private final Map<String, byte[]> images = new ConcurrentHashMap<>();
  private final AtomicInteger open = new AtomicInteger();
  private volatile CountDownLatch hanging = new CountDownLatch(0);
  private volatile long capacity = Long.MAX_VALUE;

  /** Writers fail when an image grows beyond this. */
  public void limitTo(long bytes) {
    capacity = bytes;
  }

  /** Writers hang in their next write until this is opened. */
  public void hangUntil(CountDownLatch opened) {
    hanging = opened;
  }

  /** Writers and readers that were not closed. */
  public int open() {
    return open.get();
  }

  public boolean holds(String snapshotId, String vm) {
    return images.containsKey(snapshotId + "/" + vm);
  }

  /** Makes reading fail at this offset, as a wrong checksum would. */
  public ImageReader damagedAt(String snapshotId, String vm, long offset) {
    return new Reader(image(snapshotId, vm), offset);
  }

  public ImageReader read(String snapshotId, String vm) {
    return new Reader(image(snapshotId, vm), Long.MAX_VALUE);
  }

  private byte[] image(String snapshotId, String vm) {
    byte[] image = images.get(snapshotId + "/" + vm);
    if (image == null) {
      throw new IllegalArgumentException("no image of " + vm + " in " + snapshotId);
    }
    return image;
  }

  @Override
  public ImageWriter writeImage(ImageTarget target) {
    open.incrementAndGet();
    return new Writer(target.snapshotId() + "/" + target.vm());
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
    private final ByteArrayOutputStream content = new ByteArrayOutputStream();
    private boolean closed;

    Writer(String key) {
      this.key = key;
    }

    @Override
    public void write(ByteBuffer bytes) throws IOException {
      try {
        hanging.await();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      byte[] copy = new byte[bytes.remaining()];
      bytes.get(copy);
      if (content.size() + copy.length > capacity) {
        throw new IOException("disk full on test store");
      }
      content.write(copy);
    }

    @Override
    public long bytes() {
      return content.size();
    }

    @Override
    public Committed commit() {
      images.put(key, content.toByteArray());
      return new Committed(content.size(), ByteString.copyFrom(new byte[32]));
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
    private final byte[] image;
    private final long damagedAt;
    private int position;
    private boolean closed;

    Reader(byte[] image, long damagedAt) {
      this.image = image;
      this.damagedAt = damagedAt;
      open.incrementAndGet();
    }

    @Override
    public long bytes() {
      return image.length;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
      int n = Math.min(into.remaining(), image.length - position);
      if (n == 0) {
        return -1;
      }
      if (position + n > damagedAt) {
        throw new DamagedSnapshotException("image damaged at byte " + damagedAt);
      }
      into.put(image, position, n);
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
}
