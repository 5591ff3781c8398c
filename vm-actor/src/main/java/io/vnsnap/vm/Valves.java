package io.vnsnap.vm;

import java.util.concurrent.CompletionStage;

/**
 * The gates of all VNICs of one VM, commanded together. Implemented by whoever owns the gates. Safe
 * for use by any thread; no method blocks; every stage completes, late ones count as failed.
 */
public interface Valves {

  /**
   * Opens the gates for the first time after the VM runs: recorded frames first, then traffic.
   * Prerequisites: the VM runs. Calling it again has no effect.
   */
  CompletionStage<Void> open();

  /**
   * Holds frames for the VM for a moment and for no cut, until {@link #reopen}; completes when the
   * VM has taken everything that was written to it before. Fails when the VM does not take them in
   * time; frames stay held. A {@link #hold} that is ordered meanwhile takes over.
   */
  CompletionStage<Void> shut();

  /** Gives the VM the frames held since {@link #shut}. No effect on gates held for a cut. */
  CompletionStage<Void> reopen();

  /**
   * Holds frames for the VM from now on, and completes when the VM has taken everything that was
   * written to it before. Frames from the VM keep being read. Fails when the VM does not take them
   * in time; frames stay held.
   *
   * @param epoch of the gates after the cut
   */
  CompletionStage<Void> hold(int epoch);

  /**
   * Reads out what the VM sent before it paused, as white frames; then turns the gates red and
   * sends the markers. Prerequisites: held, and the VM is paused.
   *
   * @param epoch of the gates from now on
   */
  CompletionStage<Void> turnRed(int epoch);

  /**
   * Gives the VM the frames that were held for it, by the rules of the gate, and lets traffic flow.
   * Prerequisites: red, and the VM runs.
   *
   * @param epoch of the gates
   * @return frames that had been held
   */
  CompletionStage<Long> release(int epoch);

  /**
   * Forgets the snapshot: whatever the gates were doing, they move to the epoch unless they are
   * there already, stop recording, deliver what they hold and let traffic flow. May be called at
   * any time and again.
   */
  CompletionStage<Void> abort(int epoch);
}
