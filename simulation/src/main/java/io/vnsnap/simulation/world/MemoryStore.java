package io.vnsnap.simulation.world;

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
import io.vnsnap.store.NoSuchSnapshotException;
import io.vnsnap.store.SnapshotExistsException;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.StoreFullException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The store that all hosts share, as its contract has it, in memory. It outlives them. Any call
 * that writes may fail, and a failed seal may have been done.
 */
public final class MemoryStore implements SnapshotStore {
  private final Mischief mischief;
  private final Map<String, Entry> entries = new LinkedHashMap<>();

  /** What is under one id. */
  private static final class Entry {
    final Map<String, byte[]> images = new TreeMap<>();
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
    byte[] content = entry == null ? null : entry.images.get(image.getVm());
    if (content == null || !digest(content).equals(image.getSha256())) {
      throw new DamagedSnapshotException(
          "image of VM " + image.getVm() + " in " + snapshotId + " is not there, or another one");
    }
    return new Reader(content);
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

  /** Not a cryptographic one: nobody attacks here. */
  private static ByteString digest(byte[] content) {
    CRC32C crc = new CRC32C();
    crc.update(content);
    return ByteString.copyFrom(
        ByteBuffer.allocate(32).putLong(crc.getValue()).putLong(content.length).array());
  }

  private final class Image implements ImageWriter {
    private final String id;
    private final String vm;
    private final ByteArrayOutputStream content = new ByteArrayOutputStream();

    Image(String id, String vm) {
      this.id = id;
      this.vm = vm;
    }

    @Override
    public void write(ByteBuffer bytes) throws IOException {
      mayFail();
      byte[] piece = new byte[bytes.remaining()];
      bytes.get(piece);
      content.writeBytes(piece);
    }

    @Override
    public long bytes() {
      return content.size();
    }

    @Override
    public Committed commit() throws IOException {
      mayFail();
      if (!entries.containsKey(id)) {
        throw new IOException("snapshot " + id + " was discarded");
      }
      byte[] whole = content.toByteArray();
      unsealed(id).images.put(vm, whole);
      return new Committed(whole.length, digest(whole));
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

  private static final class Reader implements ImageReader {
    private final ByteBuffer content;

    Reader(byte[] content) {
      this.content = ByteBuffer.wrap(content);
    }

    @Override
    public long bytes() {
      return content.capacity();
    }

    @Override
    public int read(ByteBuffer into) {
      if (!content.hasRemaining()) {
        return -1;
      }
      int length = Math.min(into.remaining(), content.remaining());
      into.put(content.slice(content.position(), length));
      content.position(content.position() + length);
      return length;
    }

    @Override
    public void close() {
      // Nothing is held.
    }
  }
}
