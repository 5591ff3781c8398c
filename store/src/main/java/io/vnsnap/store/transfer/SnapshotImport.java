package io.vnsnap.store.transfer;

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
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Brings a snapshot from an export file into a store. The snapshot exists when the whole file has
 * been read and was right, and not before.
 */
public final class SnapshotImport {
  private static final Pattern SNAPSHOT_ID = Pattern.compile("[a-z0-9][a-z0-9.-]{0,79}");
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,39}");

  private final SnapshotStore store;
  private final LongConsumer progress;
  private final Set<String> written = new HashSet<>();
  private final Map<String, ImageRecord.Builder> images = new HashMap<>();
  private final Map<Integer, ChannelLogRecord> logs = new HashMap<>();
  private Manifest manifest = Manifest.getDefaultInstance();
  private boolean begun;
  private boolean known;
  private long taken;

  private SnapshotImport(SnapshotStore store, LongConsumer progress) {
    this.store = store;
    this.progress = progress;
  }

  /**
   * What came of it.
   *
   * @param manifest as it is sealed here
   * @param known it was there before, and nothing was written
   */
  public record Imported(Manifest manifest, boolean known) {}

  /**
   * Imports a snapshot. If the store has it, the file is only checked.
   *
   * @param file is not closed
   * @param progress is told how many bytes of content have been read
   * @throws DamagedExportException if the file is not what was written; the store is as before
   * @throws SnapshotExistsException if another snapshot has the id
   */
  public static Imported read(SnapshotStore store, SeekableByteChannel file, LongConsumer progress)
      throws IOException {
    return new SnapshotImport(store, progress).read(file);
  }

  private Imported read(SeekableByteChannel file) throws IOException {
    try (Parts parts = new Parts()) {
      ExportReader.read(file, parts);
      if (!known) {
        manifest = complete();
        store.seal(manifest);
      }
      return new Imported(manifest, known);
    } catch (IOException | RuntimeException | Error e) {
      discard(e);
      throw e;
    }
  }

  /** Takes back what was written, so that the same import can be tried again at once. */
  private void discard(Throwable cause) {
    if (begun) {
      try {
        store.discard(manifest.getSnapshotId());
      } catch (IOException e) {
        cause.addSuppressed(e);
      }
    }
  }

  /** The manifest with what is different in this store. */
  private Manifest complete() throws DamagedExportException {
    Manifest.Builder complete = manifest.toBuilder().clearImages();
    for (ImageRecord image : manifest.getImagesList()) {
      need(
          written.contains(part(image.getVm(), "")),
          "the image of VM %s is missing".formatted(image.getVm()));
      for (DiskRecord disk : image.getDisksList()) {
        need(
            written.contains(part(image.getVm(), disk.getName())),
            "disk %s of VM %s is missing".formatted(disk.getName(), image.getVm()));
      }
      complete.addImages(images.get(image.getVm()));
    }
    for (ChannelLogRecord log : manifest.getLogsList()) {
      need(
          log.equals(logs.get(log.getTo())),
          "the channel log of VNIC %d is not the one that the manifest speaks of"
              .formatted(log.getTo()));
    }
    return complete.build();
  }

  private static void need(boolean right, String what) throws DamagedExportException {
    if (!right) {
      throw new DamagedExportException(what);
    }
  }

  private static String part(String vm, String disk) {
    return disk.isEmpty() ? vm : vm + "/" + disk;
  }

  /** Whether its names may become those of objects. */
  private static void checkNames(Manifest manifest) throws DamagedExportException {
    need(
        SNAPSHOT_ID.matcher(manifest.getSnapshotId()).matches(),
        "its snapshot has an id that none can have");
    Set<String> parts = new HashSet<>();
    for (ImageRecord image : manifest.getImagesList()) {
      need(NAME.matcher(image.getVm()).matches(), "it names a VM as none can be named");
      need(parts.add(image.getVm()), "VM %s has two images".formatted(image.getVm()));
      for (DiskRecord disk : image.getDisksList()) {
        need(NAME.matcher(disk.getName()).matches(), "it names a disk as none can be named");
        need(
            parts.add(part(image.getVm(), disk.getName())),
            "VM %s has two disks %s".formatted(image.getVm(), disk.getName()));
      }
    }
  }

  /** Without what depends on the store that a snapshot is in. */
  static Manifest bare(Manifest manifest) {
    Manifest.Builder bare = manifest.toBuilder();
    for (ImageRecord.Builder image : bare.getImagesBuilderList()) {
      image.clearObject().clearSha256().clearAddedBytes();
      image
          .getDisksBuilderList()
          .forEach(disk -> disk.clearObject().clearSha256().clearAddedBytes());
    }
    return bare.build();
  }

  /** Takes the parts of the file and writes them to the store. */
  private final class Parts implements ExportReader.Content, AutoCloseable {
    private @Nullable ImageWriter image;
    private @Nullable ChannelLogWriter log;
    private String vm = "";
    private String disk = "";
    private int to;

    @Override
    public void manifest(Manifest found) throws IOException {
      String id = found.getSnapshotId();
      manifest = found;
      checkNames(found);
      found.getImagesList().forEach(record -> images.put(record.getVm(), record.toBuilder()));
      try {
        Manifest there = store.manifest(id);
        if (!bare(there).equals(bare(found))) {
          throw new SnapshotExistsException(
              "the store has another snapshot %s: delete that one first, or keep it".formatted(id));
        }
        manifest = there;
        known = true;
      } catch (NoSuchSnapshotException e) {
        known = false;
      }
    }

    @Override
    public void image(String ofVm, String ofDisk, List<ImageReader.Block> blocks)
        throws IOException {
      vm = ofVm;
      disk = ofDisk;
      ImageRecord.Builder record = images.get(vm);
      need(
          record != null && (disk.isEmpty() || diskOf(record).isPresent()),
          "it has an image %s that its manifest does not name".formatted(part(vm, disk)));
      need(written.add(part(vm, disk)), "it has the image %s twice".formatted(part(vm, disk)));
      if (known) {
        return;
      }
      ImageTarget target = ImageTarget.of(manifest.getSnapshotId(), manifest.getVne(), vm);
      ImageWriter writer =
          disk.isEmpty()
              ? store.writeImage(target)
              : store.writeDisk(target, disk, Optional.empty());
      image = writer;
      begun = true;
      for (ImageReader.Block block : blocks) {
        int unused = writer.block(block.name(), block.bytes());
      }
    }

    private Optional<DiskRecord.Builder> diskOf(ImageRecord.Builder record) {
      return record.getDisksBuilderList().stream()
          .filter(one -> one.getName().equals(disk))
          .findFirst();
    }

    @Override
    public void page(int block, long page, ByteBuffer bytes) throws IOException {
      count(bytes.remaining());
      if (image != null) {
        image.page(block, page, bytes);
      }
    }

    @Override
    public void rest(ByteBuffer bytes) throws IOException {
      count(bytes.remaining());
      if (image != null) {
        image.write(bytes);
      }
    }

    private void count(int bytes) {
      taken += bytes;
      progress.accept(taken);
    }

    @Override
    public void endImage() throws IOException {
      if (image == null) {
        return;
      }
      ImageWriter.Committed committed = image.commit();
      image.close();
      image = null;
      ImageRecord.Builder record = Objects.requireNonNull(images.get(vm));
      if (!disk.isEmpty()) {
        diskOf(record)
            .orElseThrow()
            .setSha256(committed.sha256())
            .setObject(committed.object())
            .setAddedBytes(committed.addedBytes());
        return;
      }
      need(
          record.getBytes() == committed.bytes(),
          "the image of VM %s has %d bytes, its manifest says %d"
              .formatted(vm, committed.bytes(), record.getBytes()));
      record
          .setSha256(committed.sha256())
          .setObject(committed.object())
          .setAddedBytes(committed.addedBytes());
    }

    @Override
    public void log(int ofVnic) throws IOException {
      commitLog();
      to = ofVnic;
      need(
          manifest.getLogsList().stream().anyMatch(one -> one.getTo() == to),
          "it has a channel log of VNIC %d that its manifest does not name".formatted(to));
      if (!known) {
        log = store.writeChannelLog(manifest.getSnapshotId(), to);
        begun = true;
      }
    }

    @Override
    public void frame(RecordedFrame frame) throws IOException {
      if (log != null) {
        log.append(frame);
      }
    }

    @Override
    public void end() throws IOException {
      commitLog();
    }

    private void commitLog() throws IOException {
      if (log != null) {
        logs.put(to, log.commit());
        log.close();
        log = null;
      }
    }

    @Override
    public void close() throws IOException {
      ImageWriter ofImage = image;
      ChannelLogWriter ofLog = log;
      image = null;
      log = null;
      try {
        if (ofImage != null) {
          ofImage.close();
        }
      } finally {
        if (ofLog != null) {
          ofLog.close();
        }
      }
    }
  }
}
