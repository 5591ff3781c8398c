package io.vnsnap.shell.node;

import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.store.SnapshotStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes an image that is thrown away, when a host starts: hashing that the JVM has not compiled
 * yet takes all cores for seconds, and the first snapshot would be the one to pay, with longer
 * pauses. Shows too that the store can be written, before anybody relies on it.
 */
final class StoreWarmUp {
  private static final Logger LOG = LoggerFactory.getLogger(StoreWarmUp.class);
  private static final int BLOCK_BYTES = 1 << 20;

  /** Enough for the compiler to have seen every loop often. */
  private static final int BLOCKS = 96;

  private StoreWarmUp() {}

  /**
   * Blocks for about a second. A store that fails is reported in the log, and by every snapshot.
   */
  static void run(SnapshotStore store, String host) {
    String id = "warm-up-" + host;
    long begun = System.nanoTime();
    try {
      try (ImageWriter writer = store.writeImage(ImageTarget.of(id, "vne", "none"))) {
        ByteBuffer block = ByteBuffer.allocateDirect(BLOCK_BYTES);
        for (int i = 0; i < BLOCKS; i++) {
          writer.write(block.clear());
        }
      }
      store.discard(id);
      LOG.info("the store is warm after {} ms", (System.nanoTime() - begun) / 1_000_000);
    } catch (IOException e) {
      LOG.warn("the store cannot be written: {}", e.toString());
    }
  }
}
