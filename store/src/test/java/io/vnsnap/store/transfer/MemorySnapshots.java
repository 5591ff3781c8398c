package io.vnsnap.store.transfer;

import com.google.protobuf.ByteString;
import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RecordedFrame;
import io.vnsnap.store.ChannelLogWriter;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.store.NoSuchSnapshotException;
import io.vnsnap.store.SnapshotExistsException;
import io.vnsnap.store.SnapshotStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/** A store of pages in memory, whose digests are under a key of its own, as with encryption. */
final class MemorySnapshots implements SnapshotStore {

  /** An image: per block its pages, and the rest. */
  static final class Image {
    final List<ImageReader.Block> blocks = new ArrayList<>();
    final List<TreeMap<Long, ByteString>> pages = new ArrayList<>();
    final ByteArrayOutputStream rest = new ByteArrayOutputStream();

    long bytes() {
      return blocks.stream().mapToLong(ImageReader.Block::bytes).sum() + rest.size();
    }

    @Override
    public String toString() {
      return "%s %d %d".formatted(blocks, pages.hashCode(), Arrays.hashCode(rest.toByteArray()));
    }
  }

  final Map<String, Image> images = new HashMap<>();
  final Map<String, List<RecordedFrame>> logs = new HashMap<>();
  final Map<String, Manifest> sealed = new TreeMap<>();
  private final String key;

  MemorySnapshots(String key) {
    this.key = key;
  }

  @Override
  public ImageWriter writeImage(ImageTarget target) throws IOException {
    return new Writer(target.snapshotId() + "/" + target.vm());
  }

  @Override
  public ImageWriter writeDisk(ImageTarget target, String disk, Optional<DiskRecord> base)
      throws IOException {
    return new Writer(target.snapshotId() + "/" + target.vm() + "/" + disk);
  }

  private final class Writer implements ImageWriter {
    private final String name;
    private final Image image = new Image();

    Writer(String name) {
      this.name = name;
    }

    @Override
    public int block(String block, long bytes) {
      image.blocks.add(new ImageReader.Block(block, bytes));
      image.pages.add(new TreeMap<>());
      return image.blocks.size() - 1;
    }

    @Override
    public void page(int block, long page, ByteBuffer content) {
      image.pages.get(block).put(page, ByteString.copyFrom(content));
    }

    @Override
    public void write(ByteBuffer bytes) {
      image.rest.writeBytes(ByteString.copyFrom(bytes).toByteArray());
    }

    @Override
    public long bytes() {
      return image.bytes();
    }

    @Override
    public Committed commit() {
      images.put(name, image);
      return new Committed(bytes(), digest(image.toString()), "images/" + name.hashCode(), 7);
    }

    @Override
    public void close() {}
  }

  private ByteString digest(String text) {
    MessageDigest sha256 = RecordSink.sha256();
    sha256.update(key.getBytes(StandardCharsets.UTF_8));
    return ByteString.copyFrom(sha256.digest(text.getBytes(StandardCharsets.UTF_8)));
  }

  @Override
  public ImageReader readImage(String snapshotId, ImageRecord image) {
    return new Reader(Objects.requireNonNull(images.get(snapshotId + "/" + image.getVm())));
  }

  @Override
  public ImageReader readDisk(String snapshotId, DiskRecord disk) {
    return images.entrySet().stream()
        .filter(one ->
            one.getKey().startsWith(snapshotId) && one.getKey().endsWith("/" + disk.getName()))
        .map(one -> new Reader(one.getValue()))
        .findFirst()
        .orElseThrow();
  }

  private record Reader(Image image, ByteBuffer rest) implements ImageReader {
    Reader(Image image) {
      this(image, ByteBuffer.wrap(image.rest.toByteArray()));
    }

    @Override
    public long bytes() {
      return image.bytes();
    }

    @Override
    public List<Block> blocks() {
      return image.blocks;
    }

    @Override
    public int read(ByteBuffer into) {
      if (!rest.hasRemaining()) {
        return -1;
      }
      int bytes = Math.min(into.remaining(), rest.remaining());
      into.put(rest.slice(rest.position(), bytes));
      rest.position(rest.position() + bytes);
      return bytes;
    }

    @Override
    public PageScan scan() {
      return new Scan(image);
    }

    @Override
    public void close() {}
  }

  private static final class Scan implements ImageReader.PageScan {
    private record At(int block, long page, ByteString content) {}

    private final Iterator<At> all;
    private At at = new At(0, 0, ByteString.EMPTY);

    Scan(Image image) {
      List<At> found = new ArrayList<>();
      for (int i = 0; i < image.pages.size(); i++) {
        int block = i;
        image.pages.get(i).forEach((page, content) -> found.add(new At(block, page, content)));
      }
      all = found.iterator();
    }

    @Override
    public boolean next() {
      boolean more = all.hasNext();
      if (more) {
        at = all.next();
      }
      return more;
    }

    @Override
    public int block() {
      return at.block();
    }

    @Override
    public long page() {
      return at.page();
    }

    @Override
    public ByteBuffer content() {
      return at.content().asReadOnlyByteBuffer();
    }

    @Override
    public void close() {}
  }

  @Override
  public ChannelLogWriter writeChannelLog(String snapshotId, int to) {
    List<RecordedFrame> frames = new ArrayList<>();
    return new ChannelLogWriter() {
      @Override
      public void append(RecordedFrame frame) {
        frames.add(frame);
      }

      @Override
      public ChannelLogRecord commit() {
        logs.put(snapshotId + "/" + to, frames);
        MessageDigest sha256 = RecordSink.sha256();
        frames.forEach(frame -> sha256.update(frame.toByteArray()));
        return ChannelLogRecord.newBuilder()
            .setTo(to)
            .setFrames(frames.size())
            .setSha256(ByteString.copyFrom(sha256.digest()))
            .build();
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public List<RecordedFrame> readChannelLog(String snapshotId, ChannelLogRecord log) {
    return Objects.requireNonNull(logs.get(snapshotId + "/" + log.getTo()));
  }

  @Override
  public void seal(Manifest manifest) throws IOException {
    Manifest there = sealed.putIfAbsent(manifest.getSnapshotId(), manifest);
    if (there != null && !there.equals(manifest)) {
      throw new SnapshotExistsException("another one is there");
    }
  }

  @Override
  public Manifest manifest(String snapshotId) throws IOException {
    Manifest manifest = sealed.get(snapshotId);
    if (manifest == null) {
      throw new NoSuchSnapshotException("no snapshot " + snapshotId);
    }
    return manifest;
  }

  @Override
  public Listing list() {
    return new Listing(List.copyOf(sealed.values()), List.of());
  }

  @Override
  public void delete(String snapshotId) {
    sealed.remove(snapshotId);
    discard(snapshotId);
  }

  @Override
  public void discard(String snapshotId) {
    if (!sealed.containsKey(snapshotId)) {
      images.keySet().removeIf(name -> name.startsWith(snapshotId + "/"));
      logs.keySet().removeIf(name -> name.startsWith(snapshotId + "/"));
    }
  }

  boolean isEmpty() {
    return images.isEmpty() && logs.isEmpty() && sealed.isEmpty();
  }
}
