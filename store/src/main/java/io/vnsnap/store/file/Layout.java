package io.vnsnap.store.file;

import java.nio.file.Path;
import java.util.regex.Pattern;

/** Which path things have, and which names may become part of one. */
record Layout(Path root) {
  private static final Pattern SNAPSHOT_ID = Pattern.compile("[a-z0-9][a-z0-9.-]{0,79}");
  private static final Pattern VM_NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,39}");

  static final String FORMAT = "vnsnap-store";
  static final String SNAPSHOTS = "snapshots";

  static boolean isSnapshotId(String id) {
    return SNAPSHOT_ID.matcher(id).matches();
  }

  static boolean isVmName(String name) {
    return VM_NAME.matcher(name).matches();
  }

  Path format() {
    return root.resolve(FORMAT);
  }

  Path snapshots() {
    return root.resolve(SNAPSHOTS);
  }

  Path snapshot(String id) {
    if (!isSnapshotId(id)) {
      throw new IllegalArgumentException(
          "'%s' cannot be a snapshot's id: use %s".formatted(id, SNAPSHOT_ID));
    }
    return snapshots().resolve(id);
  }

  Path images(String id) {
    return snapshot(id).resolve("images");
  }

  Path channels(String id) {
    return snapshot(id).resolve("channels");
  }

  Part image(String id, String vm) {
    if (!isVmName(vm)) {
      throw new IllegalArgumentException(
          "'%s' cannot be a VM's name: use %s".formatted(vm, VM_NAME));
    }
    return part(StreamKind.IMAGE, images(id).resolve(vm + ".img"));
  }

  Part channelLog(String id, int to) {
    if (to < 0) {
      throw new IllegalArgumentException("no VNIC has the number " + to);
    }
    return part(StreamKind.CHANNEL_LOG, channels(id).resolve(to + ".log"));
  }

  Part manifest(String id) {
    return part(StreamKind.MANIFEST, snapshot(id).resolve("manifest"));
  }

  Path deletedManifest(String id) {
    return snapshot(id).resolve("manifest.deleted");
  }

  private Part part(StreamKind kind, Path file) {
    return new Part(kind, file, snapshots().relativize(file).toString());
  }
}
