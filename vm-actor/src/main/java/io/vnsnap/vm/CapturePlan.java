package io.vnsnap.vm;

import io.vnsnap.proto.CaptureMode;

/**
 * How a VM is to be captured.
 *
 * @param mode INSTANT or ROUNDS
 * @param rounds for ROUNDS
 */
public record CapturePlan(CaptureMode mode, RoundsSettings rounds) {

  /** Checks the mode. */
  public CapturePlan {
    if (mode != CaptureMode.INSTANT && mode != CaptureMode.ROUNDS) {
      throw new IllegalArgumentException("no mode to capture in: " + mode);
    }
  }

  /** Copy on write. */
  public static CapturePlan instant() {
    return new CapturePlan(CaptureMode.INSTANT, RoundsSettings.ONE);
  }

  /** The same, of which no round but the first is read before the cut. */
  CapturePlan inOneRound() {
    return new CapturePlan(mode, rounds.withMaxRounds(1));
  }
}
