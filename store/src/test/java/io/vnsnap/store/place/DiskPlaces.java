package io.vnsnap.store.place;

import java.time.InstantSource;
import java.util.Random;

/** Places in directories of disks that can be failed, for tests of what is built on places. */
public final class DiskPlaces {
  private static final Random RANDOM = new Random(5);

  private DiskPlaces() {}

  /** A directory without reserve. */
  public static Place open(Disk disk) {
    return DirectoryPlace.open(
        disk, MemoryDisk.rootPath(), 0, RANDOM::nextLong, InstantSource.system());
  }
}
