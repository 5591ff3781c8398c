package io.vnsnap.bench.gate;

import java.util.ArrayList;
import java.util.List;

/**
 * What was measured on one route with frames of one length.
 *
 * @param route its name
 * @param framesPerSecond of each round
 * @param cpuNanos that the event loops took for a frame, median of the rounds
 * @param allocatedBytes on the heap by the event loops for a frame, median of the rounds
 * @param latency from guest to guest
 */
record RouteResult(
    String route,
    List<Double> framesPerSecond,
    double cpuNanos,
    double allocatedBytes,
    Latency latency) {
  RouteResult {
    framesPerSecond = List.copyOf(framesPerSecond);
  }

  double median() {
    return median(framesPerSecond);
  }

  double gigabitsPerSecond(int frameBytes) {
    return median() * frameBytes * 8 / 1e9;
  }

  /** Median of this route's rate over the other's in the same round. */
  double ratioTo(RouteResult other) {
    List<Double> ratios = new ArrayList<>();
    for (int round = 0; round < framesPerSecond.size(); round++) {
      ratios.add(framesPerSecond.get(round) / other.framesPerSecond.get(round));
    }
    return median(ratios);
  }

  static double median(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    int half = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(half)
        : (sorted.get(half - 1) + sorted.get(half)) / 2;
  }
}
