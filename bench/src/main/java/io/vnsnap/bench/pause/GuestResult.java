package io.vnsnap.bench.pause;

import java.util.List;

/**
 * All measurements with one guest.
 *
 * @param load what ran in it
 * @param ours VNsnap's way
 * @param others what it is compared with
 */
record GuestResult(GuestLoad load, WayResult ours, List<WayResult> others) {

  GuestResult {
    others = List.copyOf(others);
  }

  /** How many times longer the other way's median pause is. */
  double ratio(WayResult other) {
    return other.medianMillis() / ours.medianMillis();
  }
}
