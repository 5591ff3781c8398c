package io.vnsnap.simulation.world;

import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RecordedFrame;
import io.vnsnap.store.ChannelLogWriter;
import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.store.NoSuchSnapshotException;
import io.vnsnap.store.SnapshotExistsException;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.StoreFullException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The store that all hosts share, as its contract has it, in memory. It outlives them. Any call
 * that writes may fail, and a failed seal may have been done.
 */
public final class MemoryStore implements SnapshotStore {
  /** A store writes so many pages at a time, and each time may fail. */
  private static final int PAGES_PER_WRITE = 8;

  private final Mischief mischief;
  private final Map<String, Entry> entries = new LinkedHashMap<>();

  /** What is under one id. */
  private static final class Entry {
    final Map<String, StoredImage> images = new TreeMap<>();
    final Map<Integer, List<RecordedFrame>> logs = new TreeMap<>();
    @Nullable Manifest manifest;
  }

  /** An empty store. */
  public MemoryStore(Mischief mischief) {
    this.mischief = mischief;
  }

  private void mayFail() throws IOException {
    if (mischief.fails()) {
      throw new StoreFullException("the store is full for a moment");
    }
  }

  private Entry unsealed(String id) throws IOException {
    Entry entry = entries.computeIfAbsent(id, none -> new Entry());
    if (entry.manifest != null) {
      throw new SnapshotExistsException("snapshot " + id + " is sealed");
    }
    return entry;
  }

  @Override
  public ImageWriter writeImage(ImageTarget target) throws IOException {
    mayFail();
    unsealed(target.snapshotId());
    return new Image(target.snapshotId(), target.vm());
  }

  @Override
  public ChannelLogWriter writeChannelLog(String snapshotId, int to) throws IOException {
    mayFail();
    unsealed(snapshotId);
    return new Log(snapshotId, to);
  }

  @Override
  public ImageReader readImage(String snapshotId, ImageRecord image) throws IOException {
    Entry entry = entries.get(snapshotId);
    StoredImage content = entry == null ? null : entry.images.get(image.getVm());
    if (content == null || !content.digest().equals(image.getSha256())) {
      throw new DamagedSnapshotException(
          "image of VM " + image.getVm() + " in " + snapshotId + " is not there, or another one");
    }
    return content.read();
  }

  @Override
  public List<RecordedFrame> readChannelLog(String snapshotId, ChannelLogRecord log)
      throws IOException {
    Entry entry = entries.get(snapshotId);
    List<RecordedFrame> frames = entry == null ? null : entry.logs.get(log.getTo());
    if (frames == null || frames.size() != log.getFrames()) {
      throw new DamagedSnapshotException(
          "the log of VNIC " + log.getTo() + " in " + snapshotId + " is not there, or another one");
    }
    return frames;
  }

  @Override
  public void seal(Manifest manifest) throws IOException {
    String id = manifest.getSnapshotId();
    boolean fails = mischief.fails();
    if (fails && mischief.coin()) {
      throw new IOException("snapshot " + id + " was not sealed");
    }
    Entry entry = entries.computeIfAbsent(id, none -> new Entry());
    if (entry.manifest != null && !entry.manifest.equals(manifest)) {
      throw new SnapshotExistsException("another snapshot is sealed as " + id);
    }
    for (ImageRecord image : manifest.getImagesList()) {
      readImage(id, image).close();
    }
    for (ChannelLogRecord log : manifest.getLogsList()) {
      readChannelLog(id, log);
    }
    entry.manifest = manifest;
    if (fails) {
      throw new IOException("it is not known whether snapshot " + id + " was sealed");
    }
  }

  @Override
  public Manifest manifest(String snapshotId) throws IOException {
    Entry entry = entries.get(snapshotId);
    if (entry == null || entry.manifest == null) {
      throw new NoSuchSnapshotException("no snapshot " + snapshotId);
    }
    return entry.manifest;
  }

  @Override
  public Listing list() {
    List<Manifest> sealed = new ArrayList<>();
    for (Entry entry : entries.values()) {
      if (entry.manifest != null) {
        sealed.add(entry.manifest);
      }
    }
    return new Listing(List.copyOf(sealed), List.of());
  }

  @Override
  public void delete(String snapshotId) throws IOException {
    mayFail();
    if (entries.remove(snapshotId) == null) {
      throw new NoSuchSnapshotException("no snapshot " + snapshotId);
    }
  }

  @Override
  public void discard(String snapshotId) throws IOException {
    mayFail();
    Entry entry = entries.get(snapshotId);
    if (entry != null && entry.manifest == null) {
      entries.remove(snapshotId);
    }
  }

  private final class Image implements ImageWriter {
    private final String id;
    private final String vm;
    private final StoredImage content = new StoredImage();
    private int pages;

    Image(String id, String vm) {
      this.id = id;
      this.vm = vm;
    }

    @Override
    public int block(String name, long bytes) {
      return content.add(new ImageReader.Block(name, bytes));
    }

    @Override
    public void page(int block, long page, ByteBuffer bytes) throws IOException {
      if (pages % PAGES_PER_WRITE == 0) {
        mayFail();
      }
      pages++;
      content.put(block, page, bytes);
    }

    @Override
    public void zeroPage(int block, long page) {
      content.remove(block, page);
    }

    @Override
    public void write(ByteBuffer bytes) throws IOException {
      mayFail();
      content.append(bytes);
    }

    @Override
    public long bytes() {
      return content.bytes();
    }

    @Override
    public Committed commit() throws IOException {
      mayFail();
      if (!entries.containsKey(id)) {
        throw new IOException("snapshot " + id + " was discarded");
      }
      unsealed(id).images.put(vm, content);
      return new Committed(content.bytes(), content.digest());
    }

    @Override
    public void close() {
      // Nothing is held.
    }
  }

  private final class Log implements ChannelLogWriter {
    private final String id;
    private final int to;
    private final List<RecordedFrame> frames = new ArrayList<>();

    Log(String id, int to) {
      this.id = id;
      this.to = to;
    }

    @Override
    public void append(RecordedFrame frame) {
      frames.add(frame);
    }

    @Override
    public ChannelLogRecord commit() throws IOException {
      mayFail();
      if (!entries.containsKey(id)) {
        throw new IOException("snapshot " + id + " was discarded");
      }
      unsealed(id).logs.put(to, List.copyOf(frames));
      return ChannelLogRecord.newBuilder().setTo(to).setFrames(frames.size()).build();
    }

    @Override
    public void close() {
      // Nothing is held.
    }
  }
}
