package io.vnsnap.host.deployment;

import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.store.SnapshotStore;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The disk overlays that the cuts of a deployment have frozen. They stay as long as a sealed
 * snapshot names them, or one that is backed by them; those of aborted and deleted snapshots go
 * when the deployment ends. All methods block.
 */
final class FrozenDisks {
  private static final Logger LOG = LoggerFactory.getLogger(FrozenDisks.class);
  private static final int QCOW2_MAGIC = 0x514649fb;

  /** QEMU's own limit for the name of a backing file, in bytes. */
  private static final int MAX_BACKING_NAME = 1023;

  private static final int HEADER_READ = 20;

  private FrozenDisks() {}

  /**
   * Removes what nobody needs. When it cannot be known what is needed, because a snapshot cannot be
   * read, everything stays.
   *
   * @param folder of one deployment that has ended: a folder for each VM, with its overlays
   */
  static void removeUnneeded(Path folder, SnapshotStore store) {
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try {
      SnapshotStore.Listing listing = store.list();
      if (listing.damaged().isEmpty()) {
        sweep(folder, needed(listing.snapshots()));
      } else {
        LOG.warn("disks in {} stay: {}", folder, listing.damaged().getFirst());
      }
    } catch (IOException e) {
      LOG.warn("disks in {} stay", folder, e);
    }
  }

  private static Set<Path> needed(List<Manifest> snapshots) throws IOException {
    Set<Path> needed = new HashSet<>();
    for (Manifest snapshot : snapshots) {
      for (ImageRecord image : snapshot.getImagesList()) {
        for (DiskRecord disk : image.getDisksList()) {
          addWithBacking(Path.of(disk.getFile()), needed);
        }
      }
    }
    return needed;
  }

  private static void addWithBacking(Path file, Set<Path> needed) throws IOException {
    Optional<Path> next = Optional.of(file);
    while (next.isPresent() && needed.add(next.get())) {
      next = backing(next.get());
    }
  }

  /** The file that a qcow2 file is an overlay of: its header, QEMU docs/interop/qcow2.txt. */
  private static Optional<Path> backing(Path file) throws IOException {
    if (!Files.isRegularFile(file) || Files.size(file) < HEADER_READ) {
      return Optional.empty();
    }
    try (DataInputStream header = new DataInputStream(Files.newInputStream(file))) {
      int magic = header.readInt();
      int version = header.readInt();
      long offset = header.readLong();
      int length = header.readInt();
      if (magic != QCOW2_MAGIC || version < 2 || offset == 0) {
        return Optional.empty();
      }
      if (length < 1 || length > MAX_BACKING_NAME) {
        throw new IOException(file + " has a backing file's name of " + length + " bytes");
      }
      header.skipNBytes(offset - HEADER_READ);
      String name = new String(header.readNBytes(length), StandardCharsets.UTF_8);
      return Optional.of(file.resolveSibling(name));
    }
  }

  private static void sweep(Path folder, Set<Path> needed) throws IOException {
    List<Path> entries;
    try (Stream<Path> all = Files.walk(folder)) {
      entries = all.sorted(java.util.Comparator.reverseOrder()).toList();
    }
    for (Path entry : entries) {
      if (!needed.contains(entry)) {
        remove(entry);
      }
    }
  }

  private static void remove(Path entry) throws IOException {
    try {
      Files.deleteIfExists(entry);
    } catch (DirectoryNotEmptyException e) {
      LOG.debug("{} stays: a snapshot needs what is in it", entry);
    }
  }
}
