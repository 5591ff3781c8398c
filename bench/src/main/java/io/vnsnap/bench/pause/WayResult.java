package io.vnsnap.bench.pause;

import java.util.List;
import java.util.stream.DoubleStream;

/**
 * All measurements of one way with one guest.
 *
 * @param name of the way
 * @param description of the way
 * @param pauses in the order of the rounds
 * @param failure why there are fewer than asked for; empty: there are not
 */
record WayResult(String name, String description, List<Pause> pauses, String failure) {

  WayResult {
    pauses = List.copyOf(pauses);
  }

  boolean hasPauses() {
    return !pauses.isEmpty();
  }

  double medianMillis() {
    return median(pauses.stream().mapToDouble(Pause::millis));
  }

  double minMillis() {
    return pauses.stream().mapToDouble(Pause::millis).min().orElse(Double.NaN);
  }

  double maxMillis() {
    return pauses.stream().mapToDouble(Pause::millis).max().orElse(Double.NaN);
  }

  double medianWholeMillis() {
    return median(pauses.stream().mapToDouble(Pause::wholeMillis));
  }

  long medianBytes() {
    return (long) median(pauses.stream().mapToDouble(Pause::bytes));
  }

  private static double median(DoubleStream values) {
    double[] sorted = values.sorted().toArray();
    if (sorted.length == 0) {
      return Double.NaN;
    }
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
