package io.vnsnap.store.pages;

import io.vnsnap.store.SnapshotStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;

class MemoryPageStoreTest extends SnapshotStoreContract {
  private final MemoryPlace place = new MemoryPlace();
  private final List<PageStore> opened = new ArrayList<>();

  @Override
  SnapshotStore open() throws IOException {
    PageStore store = PageStore.open(place, SmallSnapshot.SETTINGS);
    opened.add(store);
    return store;
  }

  @AfterEach
  void close() throws IOException {
    for (PageStore store : opened) {
      store.close();
    }
  }
}
