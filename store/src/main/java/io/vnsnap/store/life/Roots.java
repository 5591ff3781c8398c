package io.vnsnap.store.life;

import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.StoreLease;
import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.lease.Leases;
import io.vnsnap.store.place.Place;
import io.vnsnap.store.record.Manifests;
import io.vnsnap.store.record.ObjectNames;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;

/**
 * What needs page maps: sealed snapshots, and images that were committed for one that is not sealed
 * yet.
 *
 * @param manifests of the sealed snapshots, oldest first
 * @param roots the maps that are named
 * @param damaged a line for each manifest that cannot be read
 */
record Roots(List<Manifest> manifests, List<Root> roots, List<String> damaged) {
  private static final String MANIFEST = "/manifest";

  /**
   * A map that is needed.
   *
   * @param snapshot id of the snapshot that needs it
   * @param part what it is an image of, e.g. "VM web" or "disk root of VM web"
   * @param sealed whether a manifest names it, rather than a lease
   */
  record Root(long map, String snapshot, String part, boolean sealed) {

    @Override
    public String toString() {
      return "%s of snapshot %s".formatted(part, snapshot);
    }
  }

  /**
   * Finds them. Leases are looked at before manifests: sealing writes the manifest before it
   * removes the leases, so that an image is always in one of the two.
   */
  static Roots find(StoreAccess store) throws IOException {
    List<Root> roots = new ArrayList<>();
    long now = store.leases().placeNowMs();
    for (Leases.Found found : store.leases().all(ObjectNames.LEASES)) {
      StoreLease lease = found.lease();
      if (lease.getState() == StoreLease.State.COMMITTED && !found.isOver(now)) {
        add(roots, lease.getImage(), lease.getSnapshotId(), "image " + lease.getPart(), false);
      }
    }
    List<Manifest> manifests = new ArrayList<>();
    List<String> damaged = new ArrayList<>();
    for (String id : snapshots(store.place())) {
      try {
        manifests.add(Manifests.read(store.place(), id));
      } catch (NoSuchFileException e) {
        // Deleted meanwhile: it needs nothing any more.
      } catch (DamagedSnapshotException e) {
        damaged.add(String.valueOf(e.getMessage()));
      }
    }
    manifests.sort(
        Comparator.comparingLong(Manifest::getCreatedEpochMs)
            .thenComparing(Manifest::getSnapshotId));
    manifests.forEach(manifest -> addAll(roots, manifest));
    return new Roots(List.copyOf(manifests), List.copyOf(roots), List.copyOf(damaged));
  }

  /** Ids of all that have a manifest, readable or not. */
  private static List<String> snapshots(Place place) throws IOException {
    List<String> ids = new ArrayList<>();
    for (Place.Entry entry : place.list(ObjectNames.SNAPSHOTS)) {
      if (entry.name().endsWith(MANIFEST)) {
        String id =
            entry
                .name()
                .substring(
                    ObjectNames.SNAPSHOTS.length(), entry.name().length() - MANIFEST.length());
        if (ObjectNames.isSnapshotId(id)) {
          ids.add(id);
        }
      }
    }
    return ids;
  }

  private static void addAll(List<Root> roots, Manifest manifest) {
    String id = manifest.getSnapshotId();
    for (ImageRecord image : manifest.getImagesList()) {
      add(roots, image.getObject(), id, "VM " + image.getVm(), true);
      for (DiskRecord disk : image.getDisksList()) {
        String part = "disk %s of VM %s".formatted(disk.getName(), image.getVm());
        add(roots, disk.getObject(), id, part, true);
      }
    }
  }

  private static void add(
      List<Root> roots, String object, String snapshot, String part, boolean sealed) {
    OptionalLong map = ObjectNames.number(ObjectNames.IMAGES, object);
    if (map.isPresent()) {
      roots.add(new Root(map.getAsLong(), snapshot, part, sealed));
    }
  }
}
