package io.vnsnap.store.file;

import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.place.MemoryDisk;
import java.io.IOException;
import java.security.SecureRandom;

class MemoryFileStoreTest extends SnapshotStoreContract {
  private final MemoryDisk disk = new MemoryDisk();

  @Override
  SnapshotStore open() throws IOException {
    return FileStore.open(
        disk, MemoryDisk.rootPath(), SmallSnapshot.SETTINGS, new SecureRandom()::nextLong);
  }
}
