package io.vnsnap.vm;

import static java.util.Objects.requireNonNull;

import io.vnsnap.proto.DiskRecord;
import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.SnapshotStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes files of stored disks, on whatever host a VM is restored: raw and sparse, private to the
 * VM. Every block was checked by the store when it is written here. All methods block.
 *
 * @param store that holds the disks
 * @param snapshotId of the snapshot they belong to
 */
public record DiskRebuild(SnapshotStore store, String snapshotId) {
  private static final Logger log = LoggerFactory.getLogger(DiskRebuild.class);
  private static final int BLOCK = ImageReader.DISK_BLOCK_BYTES;
  private static final double GIB = 1 << 30;

  /** Left free on the file system, as the store does: what shares it goes on. */
  private static final long RESERVE_BYTES = 64L << 20;

  /** So that two VMs that share a folder cannot share a file, nor a disk be found half made. */
  private static final String SUFFIX = "-restored.raw";

  /**
   * Rebuilds all disks of a VM that are in the store, in its folder for disks. On failure nothing
   * is left.
   *
   * @param records of the VM's disks, as its image has them
   * @return the VM with its disks as they were at the cut
   * @throws IOException if there is not enough space, or a disk is not as it was stored
   */
  public MachineSpec into(MachineSpec spec, List<DiskRecord> records) throws IOException {
    MachineSpec recorded = spec.withDisks(records);
    List<MachineSpec.Disk> disks = new ArrayList<>();
    try {
      for (MachineSpec.Disk disk : recorded.disks()) {
        disks.add(disk.stored() == null ? disk : rebuild(spec, disk, disk.stored()));
      }
    } catch (IOException | RuntimeException e) {
      disks.stream().filter(disk -> disk.stored() != null).forEach(DiskRebuild::remove);
      throw e;
    }
    return recorded.withDisksAt(disks);
  }

  private MachineSpec.Disk rebuild(MachineSpec spec, MachineSpec.Disk disk, DiskRecord record)
      throws IOException {
    Files.createDirectories(
        spec.diskFolder(),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    MachineSpec.Disk rebuilt =
        new MachineSpec.Disk(
            disk.name(),
            spec.diskFolder().resolve(disk.name() + SUFFIX),
            "raw",
            disk.readOnly(),
            record);
    try (ImageReader image = store.readDisk(snapshotId, record)) {
      write(image, record, rebuilt.file());
    } catch (IOException e) {
      remove(rebuilt);
      throw new IOException(
          "disk %s of VM %s cannot be rebuilt: %s"
              .formatted(disk.name(), spec.name(), e.getMessage()),
          e);
    } catch (RuntimeException e) {
      remove(rebuilt);
      throw e;
    }
    return rebuilt;
  }

  /**
   * Writes one disk.
   *
   * @param image of the disk; stays open
   * @param file made anew, replacing what is there
   */
  public static void write(ImageReader image, DiskRecord record, Path file) throws IOException {
    long expected = filled(image, record);
    checkSpace(requireNonNull(file.toAbsolutePath().getParent()), expected * BLOCK);
    long written = 0;
    try (FileChannel out =
            FileChannel.open(
                file,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE);
        ImageReader.PageScan scan = image.scan()) {
      setLength(out, record.getBytes());
      for (; scan.next(); written++) {
        writeBlock(out, scan.page() * BLOCK, scan.content(), record.getBytes());
      }
    }
    if (written != expected) {
      throw new DamagedSnapshotException(
          "the store gave %d blocks of %d".formatted(written, expected));
    }
  }

  /** Blocks that are not all zeros. */
  private static long filled(ImageReader image, DiskRecord record) throws IOException {
    long blocks = Math.ceilDiv(record.getBytes(), (long) BLOCK);
    List<ImageReader.Block> declared = image.blocks();
    if (record.getBytes() < 1
        || declared.size() != 1
        || declared.getFirst().bytes() != blocks * BLOCK) {
      throw new DamagedSnapshotException(
          "its image is not of a disk of %d bytes: %s".formatted(record.getBytes(), declared));
    }
    long filled = 0;
    for (long page = 0; page < blocks; page++) {
      filled += image.isZero(0, page) ? 0 : 1;
    }
    return filled;
  }

  /** Whether so many bytes more can be written to a folder. */
  static void checkSpace(Path folder, long needed) throws IOException {
    long free = Files.getFileStore(folder).getUsableSpace();
    if (needed > free - RESERVE_BYTES) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              "disk full: %.1f GiB are needed in %s, %.1f GiB are free; make room there, or restore"
                  + " the VM on another host",
              needed / GIB,
              folder,
              free / GIB));
    }
  }

  /** Sparse: all that is not written reads as zeros. */
  private static void setLength(FileChannel out, long bytes) throws IOException {
    out.write(ByteBuffer.allocate(1), bytes - 1);
  }

  private static void writeBlock(FileChannel out, long start, ByteBuffer content, long bytes)
      throws IOException {
    ByteBuffer block = content.duplicate();
    if (block.remaining() != BLOCK || start < 0 || start >= bytes) {
      throw new DamagedSnapshotException(
          "a block of %d bytes at byte %d of %d".formatted(block.remaining(), start, bytes));
    }
    int length = (int) Math.min(BLOCK, bytes - start);
    block.limit(block.position() + length);
    for (long at = start; block.hasRemaining(); ) {
      at += out.write(block, at);
    }
  }

  private static void remove(MachineSpec.Disk rebuilt) {
    try {
      Files.deleteIfExists(rebuilt.file());
    } catch (IOException e) {
      log.warn("file {} could not be removed: {}", rebuilt.file(), e.toString());
    }
  }
}
