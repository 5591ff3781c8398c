package io.vnsnap.bench.goodput;

import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * What was measured with one load: windows without and with snapshots in turn.
 *
 * @param rate bytes per second that each guest sends, or "unlimited"
 * @param faults what the guests found wrong, at the end
 */
record LoadResult(String rate, List<Window> without, List<Window> with, long faults) {

  LoadResult {
    without = List.copyOf(without);
    with = List.copyOf(with);
  }

  /** Of each round, goodput with snapshots over that of the window without. */
  List<Double> ratios() {
    return IntStream.range(0, with.size())
        .mapToObj(i -> with.get(i).bytesPerSecond() / without.get(i).bytesPerSecond())
        .toList();
  }

  List<TakenSnapshot> snapshots() {
    return with.stream().flatMap(window -> window.snapshots().stream()).toList();
  }

  static double median(List<Window> windows, ToDoubleFunction<Window> of) {
    return median(windows.stream().map(of::applyAsDouble).toList());
  }

  /** NaN of nothing. */
  static double median(List<Double> values) {
    return quantile(values, 0.5);
  }

  /**
   * Between two values it lies on the line from one to the other. NaN of nothing.
   *
   * @param part 0: the least; 1: the greatest
   */
  static double quantile(List<Double> values, double part) {
    if (values.isEmpty()) {
      return Double.NaN;
    }
    List<Double> sorted = values.stream().sorted().toList();
    double at = part * (sorted.size() - 1);
    double below = sorted.get((int) at);
    double above = sorted.get((int) Math.ceil(at));
    return below + (above - below) * (at - Math.floor(at));
  }
}
