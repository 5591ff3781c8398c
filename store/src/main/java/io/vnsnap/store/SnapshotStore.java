package io.vnsnap.store;

import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RecordedFrame;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * Where snapshots live. One store is shared by all hosts of a cluster; hosts write their parts of a
 * snapshot in parallel.
 *
 * <p>A snapshot is begun by the first write under its id and exists once {@link #seal} has
 * returned. Parts that were written and never sealed are collectable. All methods block;
 * implementations are safe for use by several threads, the writers and readers they hand out by one
 * thread each.
 *
 * <p>A snapshot id matches {@code [a-z0-9][a-z0-9.-]{0,79}}, a VM's name {@code
 * [a-z0-9][a-z0-9-]{0,39}}; writing under another is an {@link IllegalArgumentException}, reading
 * under another finds nothing. Whatever writes may throw {@link StoreFullException}. Messages are
 * for a person to act on: they name the file and the remedy.
 */
public interface SnapshotStore {
  /** Most bytes of a hint. */
  int MAX_HINT_BYTES = 4 << 20;

  /**
   * Begins one VM's image. Any unsealed image of the same VM under the same id is replaced on
   * commit. To be closed in any case.
   *
   * @throws SnapshotExistsException if the snapshot is sealed
   */
  ImageWriter writeImage(ImageTarget target) throws IOException;

  /**
   * Opens an image for reading from its first byte.
   *
   * @throws DamagedSnapshotException if it is missing, is not the one that the record speaks of, or
   *     its header or length is wrong; damage in the content is found by reading
   */
  ImageReader readImage(String snapshotId, ImageRecord image) throws IOException;

  /**
   * Begins the image of one disk of a VM: one block of memory, as it were, whose pages are {@link
   * ImageReader#DISK_BLOCK_BYTES} long. The block is declared by the caller. To be closed in any
   * case.
   *
   * @param base the disk's state of which only what is given now has changed; empty: what is not
   *     given is zero
   */
  default ImageWriter writeDisk(ImageTarget target, String disk, Optional<DiskRecord> base)
      throws IOException {
    throw new UnsupportedOperationException("this store takes no disks");
  }

  /**
   * Opens the image of a disk.
   *
   * @throws DamagedSnapshotException as {@link #readImage} does
   */
  default ImageReader readDisk(String snapshotId, DiskRecord disk) throws IOException {
    throw new UnsupportedOperationException("this store has no disks");
  }

  /**
   * Keeps something about an image that makes its next start faster, in place of what was kept
   * before. It may be lost at any time.
   *
   * @param hint at most {@link #MAX_HINT_BYTES}
   */
  default void keepHint(ImageRecord image, ByteBuffer hint) throws IOException {}

  /** What was kept last about an image; empty if nothing was, or it is not whole any more. */
  default Optional<ByteBuffer> hint(ImageRecord image) throws IOException {
    return Optional.empty();
  }

  /**
   * Begins the channel log of one receiving VNIC. To be closed in any case.
   *
   * @param to the VNIC's number in the topology
   * @throws SnapshotExistsException if the snapshot is sealed
   */
  ChannelLogWriter writeChannelLog(String snapshotId, int to) throws IOException;

  /**
   * Reads a channel log, whole and checked.
   *
   * @throws DamagedSnapshotException if it is missing or anything about it is wrong
   */
  List<RecordedFrame> readChannelLog(String snapshotId, ChannelLogRecord log) throws IOException;

  /**
   * Makes the snapshot exist: checks that every part the manifest names is there with its length
   * and digest, writes the manifest durably and atomically. Sealing the same manifest twice is
   * allowed. After an {@link IOException} the snapshot does not exist, unless the message says that
   * this is not known; then seal again, or delete.
   *
   * @throws DamagedSnapshotException if a part is missing or another one
   * @throws SnapshotExistsException if another manifest is sealed under the id
   */
  void seal(Manifest manifest) throws IOException;

  /**
   * The manifest of a sealed snapshot.
   *
   * @throws NoSuchSnapshotException if there is none
   * @throws DamagedSnapshotException if it cannot be trusted
   */
  Manifest manifest(String snapshotId) throws IOException;

  /** All sealed snapshots, oldest first, and what could not be read. */
  Listing list() throws IOException;

  /**
   * Deletes a sealed, damaged or partial snapshot: the manifest first, so that it never exists in
   * part. After an {@link IOException} delete again.
   *
   * @throws NoSuchSnapshotException if there is nothing under the id
   */
  void delete(String snapshotId) throws IOException;

  /**
   * Removes the parts of a snapshot unless it is sealed. Not an error when it is, or when there is
   * nothing. Writers that are still open fail when they commit.
   */
  void discard(String snapshotId) throws IOException;

  /**
   * What the store holds.
   *
   * @param snapshots manifests, oldest first
   * @param damaged one line for each entry that cannot be read, saying what and where
   */
  record Listing(List<Manifest> snapshots, List<String> damaged) {}
}
