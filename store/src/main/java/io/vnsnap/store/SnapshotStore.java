package io.vnsnap.store;

import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RecordedFrame;
import java.io.IOException;
import java.util.List;

/**
 * Where snapshots live. One store is shared by all hosts of a cluster; hosts write their parts of a
 * snapshot in parallel.
 *
 * <p>A snapshot is begun by the first write under its id and exists once {@link #seal} has
 * returned. Parts that were written and never sealed are collectable. All methods block;
 * implementations are safe for use by several threads, the writers and readers they hand out by one
 * thread each.
 */
public interface SnapshotStore {

  /**
   * Begins one VM's image. Any unsealed image of the same VM under the same id is replaced on
   * commit.
   */
  ImageWriter writeImage(String snapshotId, String vm) throws IOException;

  /**
   * Opens an image for reading from its first byte.
   *
   * @throws DamagedSnapshotException if its header or length is wrong; damage in the content is
   *     found by reading
   */
  ImageReader readImage(String snapshotId, ImageRecord image) throws IOException;

  /** Begins the channel log of one receiving VNIC. */
  ChannelLogWriter writeChannelLog(String snapshotId, int to) throws IOException;

  /** Reads a channel log, whole and checked. */
  List<RecordedFrame> readChannelLog(String snapshotId, ChannelLogRecord log) throws IOException;

  /**
   * Makes the snapshot exist: checks that every part the manifest names is there with its length,
   * writes the manifest durably and atomically. Sealing the same manifest twice is allowed.
   *
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

  /** Deletes a sealed or partial snapshot: the manifest first, so that it never exists in part. */
  void delete(String snapshotId) throws IOException;

  /** Removes the parts of a snapshot unless it is sealed. Not an error when there is nothing. */
  void discard(String snapshotId) throws IOException;

  /**
   * What the store holds.
   *
   * @param snapshots manifests, oldest first
   * @param damaged one line for each entry that cannot be read, saying what and where
   */
  record Listing(List<Manifest> snapshots, List<String> damaged) {}
}
