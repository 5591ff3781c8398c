package io.vnsnap.vm;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * How a VM's memory comes in that was loaded lazily: when {@link Hypervisor#load} completes, most
 * of it is still in the store. For any thread.
 */
public interface Arrival {

  /** Of memory that is there already. */
  Arrival OVER =
      new Arrival() {
        @Override
        public CompletionStage<Void> done() {
          return CompletableFuture.completedStage(null);
        }

        @Override
        public Fate fate() {
          return Fate.WELL;
        }

        @Override
        public long bytes() {
          return 0;
        }

        @Override
        public long totalBytes() {
          return 0;
        }
      };

  /** What became of it. */
  enum Fate {
    /** It is all there, or comes in. */
    WELL,
    /** The store did not give the rest of it in time, or at all; it may do so another time. */
    STORE_FAILED,
    /** The image is damaged. */
    IMAGE_DAMAGED,
    /** The VM ended, or did something that it should not. */
    VM_FAILED
  }

  /**
   * Completes when all of it is there and the image is closed. If it fails the VM is lost, for it
   * cannot go on without the memory that it asks for: the hypervisor then ends it by force, and
   * {@link Machine#exited} gives the reason.
   */
  CompletionStage<Void> done();

  /** What became of it so far. */
  Fate fate();

  /** Bytes that are there. */
  long bytes();

  /** Bytes in all; 0 where nothing was left to come. */
  long totalBytes();
}
