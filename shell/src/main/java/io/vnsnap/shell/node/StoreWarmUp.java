package io.vnsnap.shell.node;

import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.pages.WarmUp;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stores an image that is thrown away, when a host starts: hashing that the JVM has not compiled
 * yet takes all cores for seconds, and the first snapshot would be the one to pay, with longer
 * pauses. Shows too that the store can be written, before anybody relies on it.
 */
final class StoreWarmUp {
  private static final Logger LOG = LoggerFactory.getLogger(StoreWarmUp.class);

  private StoreWarmUp() {}

  /**
   * Blocks for about a second. A store that fails is reported in the log, and by every snapshot.
   */
  static void run(SnapshotStore store, String host) {
    long begun = System.nanoTime();
    try {
      WarmUp.run();
      try (ImageWriter writer =
          store.writeImage(ImageTarget.of("warm-up-" + host, "warm-up", "none"))) {
        LOG.info(
            "the store is warm and takes images after {} ms, {} bytes",
            (System.nanoTime() - begun) / 1_000_000,
            writer.bytes());
      }
    } catch (IOException e) {
      LOG.warn("the store cannot be written: {}", e.toString());
    }
  }
}
