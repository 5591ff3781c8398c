package io.vnsnap.vm;

import io.vnsnap.proto.CaptureMode;
import java.util.Locale;

/**
 * How long each mode would pause a VM. INSTANT's grows with the VM's memory; ROUNDS' with what is
 * dirty at the cut.
 *
 * @param instantMillis INSTANT's pause
 * @param roundsMillis ROUNDS' pause
 */
record PausePrediction(double instantMillis, double roundsMillis) {
  /** From the last round's begin to the cut, about: what is written meanwhile is dirty. */
  private static final double EXPOSED_SECONDS = 0.4;

  /** INSTANT copies each page once and is prepared at once: it may pause a little longer. */
  private static final double INSTANT_BONUS = 1.2;

  private static final double MIB = 1 << 20;

  private static final double NANOS_PER_MILLI = 1e6;

  /**
   * Whether the dirty rate makes no difference: INSTANT's pause would not be longer than that of
   * rounds in which nothing is dirty.
   */
  static boolean instantAnyway(PauseHistory history) {
    return history.instantMillis() <= history.roundsFloorMillis() * INSTANT_BONUS;
  }

  /**
   * From this VM's past.
   *
   * @param dirtyRate bytes a second that the guest writes to; negative: not known
   */
  static PausePrediction of(PauseHistory history, long dirtyRate) {
    double known = history.dirtyMib() >= 0 ? history.dirtyMib() : 0;
    double dirtyMib = dirtyRate >= 0 ? dirtyRate / MIB * EXPOSED_SECONDS : known;
    double most = history.memoryGib() * 1024;
    return new PausePrediction(
        history.instantMillis(),
        history.roundsFloorMillis() + history.roundsMillisPerMib() * Math.min(dirtyMib, most));
  }

  /**
   * The one with the shorter pause; on a busy host ROUNDS, if their pause is short enough, since
   * INSTANT takes about three times their processor time (docs/decisions/0019).
   */
  CaptureMode mode(boolean busy, AutoSettings auto) {
    if (busy && roundsMillis <= auto.busyPauseLimit().toNanos() / NANOS_PER_MILLI) {
      return CaptureMode.ROUNDS;
    }
    return instantMillis <= roundsMillis * INSTANT_BONUS ? CaptureMode.INSTANT : CaptureMode.ROUNDS;
  }

  /** For people. */
  String reason() {
    return String.format(
        Locale.ROOT,
        "predicted pause %.1f ms INSTANT, %.1f ms ROUNDS",
        instantMillis,
        roundsMillis);
  }
}
