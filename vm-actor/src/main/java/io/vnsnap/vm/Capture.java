package io.vnsnap.vm;

import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.RoundRecord;
import io.vnsnap.store.ImageWriter;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The capture of one VM's memory and devices, prepared. Threads and failures as for {@link
 * Machine}.
 */
public interface Capture {

  /** INSTANT or ROUNDS. */
  default CaptureMode mode() {
    return CaptureMode.INSTANT;
  }

  /**
   * Gets ready for the VM to be paused, which takes milliseconds at most: call before its network
   * is held for the cut. Effect on failure: call {@link #cancel}.
   */
  default CompletionStage<Void> brace() {
    return CompletableFuture.completedStage(null);
  }

  /**
   * What was copied in rounds, and as the last one what was copied after {@link #start}. Complete
   * when {@link #stored} is; empty for INSTANT.
   */
  default List<RoundRecord> rounds() {
    return List.of();
  }

  /** How long the capture has waited for the store so far, in microseconds. */
  default long stalledMicros() {
    return 0;
  }

  /**
   * Takes the VM's state as it is now and lets it run again.
   *
   * <p>Prerequisites: braced, the VM is paused; not called before. Effect on success: the VM runs,
   * its state at the call goes to the image behind it. Effect on failure: call {@link #cancel},
   * which brings the VM back.
   *
   * @return when it began to run
   */
  CompletionStage<Long> start();

  /**
   * Completes when the whole image is durable and the machine is ready for its next capture. Fails
   * if the capture was cancelled or failed; the image is then discarded.
   */
  CompletionStage<ImageWriter.Committed> stored();

  /** Bytes of the image taken so far. */
  long bytes();

  /**
   * Gives the capture up, at any time. Effect on success: the VM runs, the image is discarded, the
   * machine is ready for its next capture. An image that is being committed is not taken back: this
   * waits for it, and nothing else happens, as with one that is stored already. Effect on failure:
   * unknown whether the VM runs; may be called again.
   */
  CompletionStage<Void> cancel();
}
