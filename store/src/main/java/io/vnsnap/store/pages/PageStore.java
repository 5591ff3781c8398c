package io.vnsnap.store.pages;

import com.google.protobuf.ByteString;
import com.typesafe.config.Config;
import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RecordedFrame;
import io.vnsnap.store.ChannelLogWriter;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.map.MapReader;
import io.vnsnap.store.map.PageMap;
import io.vnsnap.store.pack.PageIds;
import io.vnsnap.store.place.DirectoryPlace;
import io.vnsnap.store.place.Place;
import io.vnsnap.store.place.Places;
import io.vnsnap.store.record.ChannelLogs;
import io.vnsnap.store.record.Damage;
import io.vnsnap.store.record.FormatObject;
import io.vnsnap.store.record.ObjectNames;
import io.vnsnap.store.record.RecordKind;
import io.vnsnap.store.record.RecordReader;
import io.vnsnap.store.record.RecordWriter;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A snapshot store of content-addressed pages on a place, see {@code docs/store-format.md}. Any
 * number of instances, in any number of processes and hosts, may have the same place open.
 */
public final class PageStore implements SnapshotStore, Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(PageStore.class);
  private static final int MEMORY_SHIFT = 12;
  private static final int DISK_SHIFT = 16;

  private final StoreParts parts;
  private final Place place;
  private final Sealing sealing;

  private PageStore(StoreParts parts) {
    this.parts = parts;
    this.place = parts.place();
    this.sealing = new Sealing(parts);
  }

  /**
   * Opens the store that an operator has named, making one if the place is empty.
   *
   * @param location a directory, or {@code s3://bucket/prefix}
   * @param config the whole configuration; {@code vnsnap.store} of it is used
   * @param host name of this host, for messages to others
   * @throws IllegalArgumentException if location or configuration make no sense
   * @throws IOException as {@link #open(Place, StoreSettings)}
   */
  public static PageStore open(String location, Config config, String host) throws IOException {
    StoreSettings settings = StoreSettings.from(config, host);
    return open(Places.open(location, config), settings);
  }

  /**
   * Opens the store on a place, making one if the place is empty.
   *
   * @param place closed with the store, or if this fails
   * @param settings of what it takes outside the heap no more than parts of what the JVM may take
   * @throws IOException if the place holds something else, a store of another version, or cannot be
   *     written; the message says what to do
   */
  public static PageStore open(Place place, StoreSettings settings) throws IOException {
    try {
      return open(place, settings, new SecureRandom()::nextLong);
    } catch (IOException | RuntimeException | Error e) {
      try (place) {
        throw e;
      }
    }
  }

  /**
   * Opens the store in a directory, with the sizes of {@link StoreSettings#defaults}.
   *
   * @param host name of this host, for messages to others
   */
  public static PageStore inDirectory(Path directory, String host) throws IOException {
    return open(DirectoryPlace.open(directory), StoreSettings.defaults(host));
  }

  /** As {@link #open(Place, StoreSettings)}, with other names than random ones. */
  static PageStore open(Place place, StoreSettings settings, LongSupplier random)
      throws IOException {
    PageIds ids = place.pageIdKey().map(PageIds::hmacSha256).orElseGet(PageIds::sha256);
    FormatObject.ensure(place);
    return new PageStore(StoreParts.open(place, ids, fitting(settings), random));
  }

  private static StoreSettings fitting(StoreSettings wanted) {
    long limit = DirectMemory.limit();
    StoreSettings fitting = wanted.within(limit);
    if (!fitting.equals(wanted)) {
      LOG.info(
          "memory outside the heap is bounded to {} MiB (-XX:MaxDirectMemorySize), of which the store"
              + " takes no more than {} MiB for its stage, {} for staging, {} for history, {} for the"
              + " index",
          limit >> 20,
          fitting.stageBytes() >> 20,
          fitting.stagingBytes() >> 20,
          fitting.historyBytes() >> 20,
          fitting.indexBytes() >> 20);
    }
    return fitting;
  }

  @Override
  public ImageWriter writeImage(ImageTarget target) throws IOException {
    return ImageFrame.open(
        parts, target, ObjectNames.part(target.vm()), MEMORY_SHIFT, Optional.empty());
  }

  @Override
  public ImageWriter writeDisk(ImageTarget target, String disk, Optional<DiskRecord> base)
      throws IOException {
    String part = ObjectNames.part(target.vm(), disk);
    Optional<PageMap> map = Optional.empty();
    if (base.isPresent()) {
      DiskRecord record = base.get();
      map = Optional.of(openMap(record.getObject(), record.getSha256(), "disk " + disk));
    }
    return ImageFrame.open(parts, target, part, DISK_SHIFT, map);
  }

  @Override
  public ImageReader readImage(String snapshotId, ImageRecord image) throws IOException {
    return reader(image.getObject(), image.getSha256(), image.getBytes(), "VM " + image.getVm());
  }

  @Override
  public ImageReader readDisk(String snapshotId, DiskRecord disk) throws IOException {
    return reader(disk.getObject(), disk.getSha256(), imageBytes(disk), "disk " + disk.getName());
  }

  /**
   * Length of a disk's image, which is of whole blocks; the disk itself may end within the last.
   */
  static long imageBytes(DiskRecord disk) {
    int block = ImageReader.DISK_BLOCK_BYTES;
    return Math.ceilDiv(disk.getBytes(), block) * block;
  }

  private ImageReader reader(String object, ByteString sha256, long bytes, String what)
      throws IOException {
    PageMap map = openMap(object, sha256, what);
    if (map.table().bytes() != bytes) {
      try (map) {
        throw Damage.of(
            place,
            "page map",
            object,
            "it is of %d bytes, the manifest says %d".formatted(map.table().bytes(), bytes));
      }
    }
    return new PageImageReader(parts.finder(), map);
  }

  private PageMap openMap(String object, ByteString sha256, String what) throws IOException {
    long name = imageNumber(object, what);
    PageMap map = MapReader.read(place, name, parts.tables(), parts.names());
    if (!map.root().equals(sha256)) {
      try (map) {
        throw Damage.of(place, "page map", object, "its SHA-256 is not the manifest's");
      }
    }
    return map;
  }

  private long imageNumber(String object, String what) throws IOException {
    OptionalLong number = ObjectNames.number(ObjectNames.IMAGES, object);
    if (number.isEmpty()) {
      throw Damage.missing(place, "page map", "'%s' of %s".formatted(object, what));
    }
    return number.getAsLong();
  }

  @Override
  public void keepHint(ImageRecord image, ByteBuffer hint) throws IOException {
    if (hint.remaining() > MAX_HINT_BYTES) {
      throw new IllegalArgumentException(
          "a hint has at most %d bytes, not %d".formatted(MAX_HINT_BYTES, hint.remaining()));
    }
    String name = ObjectNames.hint(imageNumber(image.getObject(), "VM " + image.getVm()));
    int chunk = parts.settings().chunkBytes();
    RecordWriter.put(place, RecordKind.HINT, name, chunk, parts.random().getAsLong(), hint);
  }

  @Override
  public Optional<ByteBuffer> hint(ImageRecord image) throws IOException {
    OptionalLong number = ObjectNames.number(ObjectNames.IMAGES, image.getObject());
    if (number.isEmpty()) {
      return Optional.empty();
    }
    String name = ObjectNames.hint(number.getAsLong());
    try (RecordReader reader = RecordReader.open(place, RecordKind.HINT, name)) {
      byte[] content = reader.read((int) reader.trailer().bytes());
      reader.checkEnd();
      return Optional.of(ByteBuffer.wrap(content));
    } catch (NoSuchFileException | io.vnsnap.store.DamagedSnapshotException e) {
      return Optional.empty(); // It only makes a start faster.
    }
  }

  @Override
  public ChannelLogWriter writeChannelLog(String snapshotId, int to) throws IOException {
    String name = ObjectNames.channelLog(snapshotId, to);
    sealing.refuseSealed(snapshotId, name);
    return ChannelLogs.create(
        place,
        name,
        to,
        parts.settings().chunkBytes(),
        parts.random().getAsLong(),
        () -> sealing.refuseSealed(snapshotId, name));
  }

  @Override
  public List<RecordedFrame> readChannelLog(String snapshotId, ChannelLogRecord log)
      throws IOException {
    return ChannelLogs.read(place, ObjectNames.channelLog(snapshotId, log.getTo()), log);
  }

  @Override
  public void seal(Manifest manifest) throws IOException {
    sealing.seal(manifest);
  }

  @Override
  public Manifest manifest(String snapshotId) throws IOException {
    return sealing.manifest(snapshotId);
  }

  @Override
  public Listing list() throws IOException {
    return sealing.list();
  }

  @Override
  public void delete(String snapshotId) throws IOException {
    sealing.delete(snapshotId);
  }

  @Override
  public void discard(String snapshotId) throws IOException {
    sealing.discard(snapshotId);
  }

  /** Most memory outside the heap that was in use at a time, in bytes. */
  public long peakOffHeapBytes() {
    return parts.stageMemory().peakBytes() + parts.tables().peakBytes();
  }

  /** Ends the store's threads and closes its place. Images being written fail. */
  @Override
  public void close() throws IOException {
    parts.close();
  }
}
