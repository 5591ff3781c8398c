package io.vnsnap.store.place;

import java.time.Instant;
import java.time.InstantSource;
import java.util.Random;

class MemoryPlaceTest extends PlaceContract {
  private static final Random RANDOM = new Random(1);

  private final MemoryDisk disk = new MemoryDisk();

  @Override
  protected Place openAnother() {
    return DirectoryPlace.open(
        disk,
        MemoryDisk.rootPath(),
        DirectoryPlace.RESERVE_BYTES,
        RANDOM::nextLong,
        InstantSource.fixed(Instant.EPOCH));
  }
}
