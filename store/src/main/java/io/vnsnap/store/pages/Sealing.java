package io.vnsnap.store.pages;

import com.google.protobuf.ByteString;
import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.store.NoSuchSnapshotException;
import io.vnsnap.store.SnapshotExistsException;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.index.PackFilter;
import io.vnsnap.store.map.MapReader;
import io.vnsnap.store.map.MapScan;
import io.vnsnap.store.pack.PagePlace;
import io.vnsnap.store.place.Place;
import io.vnsnap.store.record.ChannelLogs;
import io.vnsnap.store.record.Damage;
import io.vnsnap.store.record.Flaw;
import io.vnsnap.store.record.Manifests;
import io.vnsnap.store.record.ObjectNames;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Manifests: how snapshots begin and cease to exist. Safe for use by several threads. */
final class Sealing {
  private static final Logger LOG = LoggerFactory.getLogger(Sealing.class);

  private static final Comparator<Manifest> OLDEST_FIRST =
      Comparator.comparingLong(Manifest::getCreatedEpochMs).thenComparing(Manifest::getSnapshotId);

  private final StoreParts parts;
  private final Place place;

  Sealing(StoreParts parts) {
    this.parts = parts;
    this.place = parts.place();
  }

  /** Parts of a sealed snapshot are never written. */
  void refuseSealed(String snapshotId, String part) throws IOException {
    if (exists(ObjectNames.manifest(snapshotId))) {
      throw new SnapshotExistsException(
          "cannot write %s in %s: the snapshot %s is sealed"
              .formatted(part, place.describe(), snapshotId));
    }
  }

  private boolean exists(String name) throws IOException {
    try {
      place.open(name).close();
      return true;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  void seal(Manifest manifest) throws IOException {
    String id = manifest.getSnapshotId();
    String name = ObjectNames.manifest(id);
    try {
      Manifests.check(manifest, id);
    } catch (Flaw flaw) {
      throw new IllegalArgumentException("cannot seal this manifest: " + flaw.what(), flaw);
    }
    if (!isSealedAs(manifest)) {
      checkParts(manifest);
      try {
        Manifests.write(place, manifest, parts.settings().chunkBytes(), parts.random().getAsLong());
      } catch (FileAlreadyExistsException e) {
        if (!isSealedAs(manifest)) {
          throw new IOException("%s in %s vanished".formatted(name, place.describe()), e);
        }
      } catch (IOException e) {
        unseal(name, e);
        throw e;
      }
    }
    removeLeases(id);
  }

  private boolean isSealedAs(Manifest manifest) throws IOException {
    Manifest there;
    try {
      there = Manifests.read(place, manifest.getSnapshotId());
    } catch (NoSuchFileException e) {
      return false;
    }
    if (!there.equals(manifest)) {
      throw new SnapshotExistsException(
          "another snapshot is sealed as %s in %s"
              .formatted(manifest.getSnapshotId(), place.describe()));
    }
    return true;
  }

  private void checkParts(Manifest manifest) throws IOException {
    Set<Long> packs = new HashSet<>();
    for (Place.Entry entry : place.list(ObjectNames.PACKS)) {
      OptionalLong pack = ObjectNames.number(ObjectNames.PACKS, entry.name());
      if (pack.isPresent()) {
        packs.add(pack.getAsLong());
      }
    }
    for (ImageRecord image : manifest.getImagesList()) {
      checkMap(image.getObject(), image.getBytes(), image.getSha256(), packs);
      for (DiskRecord disk : image.getDisksList()) {
        if (!disk.getObject().isEmpty()) {
          checkMap(disk.getObject(), PageStore.imageBytes(disk), disk.getSha256(), packs);
        }
      }
    }
    for (ChannelLogRecord log : manifest.getLogsList()) {
      String name = ObjectNames.channelLog(manifest.getSnapshotId(), log.getTo());
      ChannelLogs.check(place, name, log);
    }
  }

  private void checkMap(String object, long bytes, ByteString root, Set<Long> packs)
      throws IOException {
    OptionalLong number = ObjectNames.number(ObjectNames.IMAGES, object);
    if (number.isEmpty()) {
      throw Damage.missing(place, "page map", "'" + object + "'");
    }
    MapReader.Header header = header(number.getAsLong());
    if (header.bytes() != bytes) {
      throw Damage.of(
          place,
          "page map",
          object,
          "it is of %d bytes, the manifest says %d".formatted(header.bytes(), bytes));
    }
    if (!header.root().equals(root)) {
      throw Damage.of(place, "page map", object, "its SHA-256 is not the manifest's");
    }
    checkPacks(header, packs);
    while (header.parent() != 0) {
      int depth = header.depth();
      header = header(header.parent());
      if (header.depth() != depth - 1) {
        throw Damage.of(place, "page map", object, "its ancestors do not fit");
      }
      checkPacks(header, packs);
    }
  }

  private MapReader.Header header(long name) throws IOException {
    return MapReader.header(place, name, parts.tables(), parts.names());
  }

  /** A pack may be gone if garbage collection has written the pages in it anew. */
  private void checkPacks(MapReader.Header header, Set<Long> packs) throws IOException {
    Set<Long> gone = new HashSet<>(header.packs());
    gone.removeAll(packs);
    if (gone.isEmpty()) {
      return;
    }
    parts.index().refresh();
    PackFilter there = ordinal -> packs.contains(parts.names().name(ordinal));
    var unused =
        MapScan.read(
            place,
            header.name(),
            (block, page, id, pack, groupAndSlot) -> {
              if (gone.contains(pack) && parts.index().find(id, there, true) == PagePlace.NONE) {
                throw Damage.missing(place, "pack", ObjectNames.pack(pack));
              }
            });
  }

  /** After a failed seal: if the manifest is there but perhaps not durable, takes it back. */
  private void unseal(String name, IOException cause) throws IOException {
    try {
      place.delete(name);
    } catch (IOException e) {
      cause.addSuppressed(e);
      throw new IOException(
          "it is not known whether %s in %s exists after: %s. Delete the snapshot, or seal it again"
              .formatted(name, place.describe(), cause.getMessage()),
          cause);
    }
  }

  private void removeLeases(String id) {
    try {
      deleteAll(ObjectNames.leases(id));
    } catch (IOException e) {
      LOG.warn("leases of {} are left until they are over: {}", id, e.toString());
    }
  }

  private void deleteAll(String prefix) throws IOException {
    for (Place.Entry entry : place.list(prefix)) {
      place.delete(entry.name());
    }
  }

  Manifest manifest(String snapshotId) throws IOException {
    if (!ObjectNames.isSnapshotId(snapshotId)) {
      throw noSuchSnapshot(snapshotId);
    }
    try {
      return Manifests.read(place, snapshotId);
    } catch (NoSuchFileException e) {
      throw noSuchSnapshot(snapshotId);
    }
  }

  SnapshotStore.Listing list() throws IOException {
    Set<String> ids = new TreeSet<>();
    List<String> damaged = new ArrayList<>();
    for (Place.Entry entry : place.list(ObjectNames.SNAPSHOTS)) {
      String path = entry.name().substring(ObjectNames.SNAPSHOTS.length());
      int slash = path.indexOf('/');
      String id = slash < 0 ? path : path.substring(0, slash);
      if (slash < 0 || !ObjectNames.isSnapshotId(id)) {
        damaged.add(
            "%s in %s belongs to no snapshot; move it away"
                .formatted(entry.name(), place.describe()));
      } else if (entry.name().equals(ObjectNames.manifest(id))) {
        ids.add(id);
      }
    }
    List<Manifest> sealed = new ArrayList<>();
    for (String id : ids) {
      try {
        sealed.add(manifest(id));
      } catch (NoSuchSnapshotException e) {
        // Deleted meanwhile, hence not to be listed.
      } catch (IOException e) {
        damaged.add(String.valueOf(e.getMessage()));
      }
    }
    sealed.sort(OLDEST_FIRST);
    return new SnapshotStore.Listing(List.copyOf(sealed), List.copyOf(damaged));
  }

  void delete(String snapshotId) throws IOException {
    if (!ObjectNames.isSnapshotId(snapshotId)
        || (place.list(ObjectNames.snapshot(snapshotId)).isEmpty()
            && place.list(ObjectNames.leases(snapshotId)).isEmpty())) {
      throw noSuchSnapshot(snapshotId);
    }
    try {
      place.delete(ObjectNames.manifest(snapshotId));
      deleteAll(ObjectNames.snapshot(snapshotId));
      deleteAll(ObjectNames.leases(snapshotId));
    } catch (IOException e) {
      throw new IOException(
          "cannot delete all of snapshot %s in %s: %s. Delete it again"
              .formatted(snapshotId, place.describe(), e.getMessage()),
          e);
    }
  }

  void discard(String snapshotId) throws IOException {
    if (!exists(ObjectNames.manifest(snapshotId))) {
      deleteAll(ObjectNames.snapshot(snapshotId));
      deleteAll(ObjectNames.leases(snapshotId));
    }
  }

  private NoSuchSnapshotException noSuchSnapshot(String id) {
    return new NoSuchSnapshotException("no snapshot '%s' in %s".formatted(id, place.describe()));
  }
}
