package io.vnsnap.store.file;

import com.google.protobuf.ByteString;
import io.vnsnap.proto.ChannelLogRecord;
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
import io.vnsnap.store.place.Disk;
import io.vnsnap.store.place.LocalDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongSupplier;

/** A snapshot store in a directory, see {@code docs/store-format.md}. */
public final class FileStore implements SnapshotStore {

  /**
   * Sizes.
   *
   * @param chunkBytes payload covered by one checksum, 4 KiB to 4 MiB
   * @param stageBytes of each image being written, most bytes taken and not yet given to the file
   *     system; the hypervisor's stream waits beyond that
   * @param reserveBytes writing stops when the file system has less left for ordinary users
   */
  public record Settings(int chunkBytes, int stageBytes, long reserveBytes) {
    /** 256 KiB chunks (they stay in a core's cache), 8 MiB stage, 64 MiB reserve. */
    public static final Settings DEFAULT = new Settings(256 << 10, 8 << 20, 64L << 20);

    private static final int FEWEST_CHUNKS = 2;

    int chunksInStage() {
      return Math.max(FEWEST_CHUNKS, stageBytes / chunkBytes);
    }
  }

  private static final Comparator<Manifest> OLDEST_FIRST =
      Comparator.comparingLong(Manifest::getCreatedEpochMs).thenComparing(Manifest::getSnapshotId);

  private final Area area;
  private final Disk disk;
  private final Layout layout;

  private FileStore(Area area) {
    this.area = area;
    this.disk = area.disk();
    this.layout = area.layout();
  }

  /**
   * Opens the store in a directory, making both if there is none. Any number of instances, in any
   * number of processes and hosts, may have the same directory open. Nothing needs to be closed.
   *
   * @throws IOException if the directory holds something else, a store of another version, or
   *     cannot be written; the message says what to do
   */
  public static FileStore open(Path directory) throws IOException {
    return open(directory, Settings.DEFAULT);
  }

  /** As {@link #open(Path)}, with other sizes. */
  public static FileStore open(Path directory, Settings settings) throws IOException {
    Files.createDirectories(directory, LocalDisk.PRIVATE_FOLDER);
    return open(new LocalDisk(), directory.toRealPath(), settings, new SecureRandom()::nextLong);
  }

  static FileStore open(Disk disk, Path root, Settings settings, LongSupplier random)
      throws IOException {
    var chunks = new ChunkPool(settings.chunkBytes());
    var area = new Area(disk, new Layout(root), random, settings, chunks);
    FormatFile.ensure(area);
    area.ensureFolder(area.layout().snapshots());
    return new FileStore(area);
  }

  @Override
  public ImageWriter writeImage(ImageTarget target) throws IOException {
    Part part = layout.image(target.snapshotId(), target.vm());
    prepare(target.snapshotId(), part);
    return FileImageWriter.create(area, part, target.vm());
  }

  @Override
  public ChannelLogWriter writeChannelLog(String snapshotId, int to) throws IOException {
    Part part = layout.channelLog(snapshotId, to);
    prepare(snapshotId, part);
    return ChannelLog.create(area, part, to);
  }

  private void prepare(String snapshotId, Part part) throws IOException {
    area.ensureFolder(layout.snapshot(snapshotId));
    area.ensureFolder(part.folder());
    StreamFileWriter.refuseSealed(area, part);
  }

  @Override
  public ImageReader readImage(String snapshotId, ImageRecord image) throws IOException {
    Part part = layout.image(snapshotId, image.getVm());
    StreamFileReader file = openPart(part);
    try {
      checkPart(part, file.trailer(), image.getBytes(), image.getSha256());
      return new FileImageReader(area, image.getVm(), file);
    } catch (IOException | RuntimeException | Error e) {
      try (file) {
        throw e;
      }
    }
  }

  @Override
  public List<RecordedFrame> readChannelLog(String snapshotId, ChannelLogRecord log)
      throws IOException {
    Part part = layout.channelLog(snapshotId, log.getTo());
    try {
      return ChannelLog.read(disk, part, log);
    } catch (NoSuchFileException e) {
      throw Area.damaged(part, "it is missing");
    }
  }

  @Override
  public void seal(Manifest manifest) throws IOException {
    String id = manifest.getSnapshotId();
    Part part = layout.manifest(id);
    try {
      ManifestFile.check(manifest, id);
    } catch (Flaw flaw) {
      throw new IllegalArgumentException("cannot seal this manifest: " + flaw.what(), flaw);
    }
    if (disk.kind(part.file()) != Disk.Kind.ABSENT) {
      if (!manifest(id).equals(manifest)) {
        throw new SnapshotExistsException(
            "another snapshot is sealed as %s in %s".formatted(id, layout.root()));
      }
      area.syncFolder(part.folder());
      return;
    }
    area.ensureFolder(layout.snapshot(id));
    checkParts(manifest);
    syncFolders(manifest);
    try {
      ManifestFile.write(area, part, manifest);
    } catch (SnapshotExistsException e) {
      throw e;
    } catch (IOException e) {
      unseal(id, e);
      throw e;
    }
  }

  private void checkParts(Manifest manifest) throws IOException {
    String id = manifest.getSnapshotId();
    for (ImageRecord image : manifest.getImagesList()) {
      checkStored(layout.image(id, image.getVm()), image.getBytes(), image.getSha256());
    }
    for (ChannelLogRecord log : manifest.getLogsList()) {
      checkStored(layout.channelLog(id, log.getTo()), log.getBytes(), log.getSha256());
    }
  }

  private void checkStored(Part part, long bytes, ByteString sha256) throws IOException {
    try (StreamFileReader file = openPart(part)) {
      checkPart(part, file.trailer(), bytes, sha256);
    }
  }

  /** Another host may have made a folder and not have synced its parent yet. */
  private void syncFolders(Manifest manifest) throws IOException {
    String id = manifest.getSnapshotId();
    area.syncFolder(layout.snapshots());
    area.syncFolder(layout.snapshot(id));
    if (manifest.getImagesCount() > 0) {
      area.syncFolder(layout.images(id));
    }
    if (manifest.getLogsCount() > 0) {
      area.syncFolder(layout.channels(id));
    }
  }

  /**
   * After a failed seal: if the manifest has its name but is perhaps not durable, takes it back.
   */
  private void unseal(String id, IOException cause) throws IOException {
    try {
      if (disk.kind(layout.manifest(id).file()) != Disk.Kind.ABSENT) {
        disk.move(layout.manifest(id).file(), layout.deletedManifest(id));
        disk.syncFolder(layout.snapshot(id));
      }
    } catch (IOException e) {
      cause.addSuppressed(e);
      throw new IOException(
          "snapshot %s may or may not exist after: %s. Delete it, or seal it again"
              .formatted(id, cause.getMessage()),
          cause);
    }
  }

  @Override
  public Manifest manifest(String snapshotId) throws IOException {
    if (!Layout.isSnapshotId(snapshotId)) {
      throw noSuchSnapshot(snapshotId);
    }
    try {
      return ManifestFile.read(disk, layout.manifest(snapshotId), snapshotId);
    } catch (NoSuchFileException e) {
      throw noSuchSnapshot(snapshotId);
    }
  }

  @Override
  public Listing list() throws IOException {
    List<Manifest> sealed = new ArrayList<>();
    List<String> damaged = new ArrayList<>();
    for (String name : disk.names(layout.snapshots()).stream().sorted().toList()) {
      Path entry = layout.snapshots().resolve(name);
      try {
        if (!Layout.isSnapshotId(name) || disk.kind(entry) != Disk.Kind.FOLDER) {
          damaged.add("%s is no snapshot; move it away".formatted(entry));
        } else if (disk.kind(layout.manifest(name).file()) != Disk.Kind.ABSENT) {
          sealed.add(manifest(name));
        }
      } catch (NoSuchSnapshotException e) {
        // Deleted meanwhile, hence not to be listed.
      } catch (IOException e) {
        damaged.add(String.valueOf(e.getMessage()));
      }
    }
    sealed.sort(OLDEST_FIRST);
    return new Listing(List.copyOf(sealed), List.copyOf(damaged));
  }

  @Override
  public void delete(String snapshotId) throws IOException {
    if (!Layout.isSnapshotId(snapshotId)
        || disk.kind(layout.snapshot(snapshotId)) == Disk.Kind.ABSENT) {
      throw noSuchSnapshot(snapshotId);
    }
    Path folder = layout.snapshot(snapshotId);
    Path manifest = layout.manifest(snapshotId).file();
    if (disk.kind(folder) == Disk.Kind.FOLDER && disk.kind(manifest) != Disk.Kind.ABSENT) {
      try {
        disk.move(manifest, layout.deletedManifest(snapshotId));
        disk.syncFolder(folder);
      } catch (IOException e) {
        throw new IOException(
            "cannot delete snapshot %s: %s: %s".formatted(snapshotId, manifest, e.getMessage()), e);
      }
    }
    Removal.remove(disk, folder);
  }

  @Override
  public void discard(String snapshotId) throws IOException {
    Path folder = layout.snapshot(snapshotId);
    if (disk.kind(folder) == Disk.Kind.FOLDER
        && disk.kind(layout.manifest(snapshotId).file()) == Disk.Kind.ABSENT) {
      Removal.remove(disk, folder);
    }
  }

  private StreamFileReader openPart(Part part) throws IOException {
    try {
      return StreamFileReader.open(disk, part);
    } catch (NoSuchFileException e) {
      throw Area.damaged(part, "it is missing");
    }
  }

  /** Whether a stored part is the one that the manifest speaks of. */
  static void checkPart(Part part, StreamLayout.Trailer stored, long bytes, ByteString sha256)
      throws IOException {
    if (stored.bytes() != bytes) {
      throw Area.damaged(
          part, "it holds %d bytes, the manifest says %d".formatted(stored.bytes(), bytes));
    }
    if (!stored.sha256().equals(sha256)) {
      throw Area.damaged(part, "its SHA-256 is not the manifest's");
    }
  }

  private NoSuchSnapshotException noSuchSnapshot(String id) {
    return new NoSuchSnapshotException("no snapshot '%s' in %s".formatted(id, layout.root()));
  }
}
