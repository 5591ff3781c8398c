package io.vnsnap.vm;

import io.vnsnap.proto.ImageRecord;
import io.vnsnap.store.SnapshotStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/** Hints about an image, beside it in the store. */
record StoredHints(SnapshotStore store, ImageRecord image) implements StartHints {
  @Override
  public Optional<ByteBuffer> read() throws IOException {
    return store.hint(image);
  }

  @Override
  public void keep(ByteBuffer hint) throws IOException {
    store.keepHint(image, hint);
  }
}
