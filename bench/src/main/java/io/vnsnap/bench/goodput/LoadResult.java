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

  /** Goodput with snapshots over that of the window just before; the median of the rounds. */
  double ratio() {
    List<Double> ratios =
        IntStream.range(0, with.size())
            .mapToObj(i -> with.get(i).bytesPerSecond() / without.get(i).bytesPerSecond())
            .toList();
    return median(ratios);
  }

  List<TakenSnapshot> snapshots() {
    return with.stream().flatMap(window -> window.snapshots().stream()).toList();
  }

  static double median(List<Window> windows, ToDoubleFunction<Window> of) {
    return median(windows.stream().map(of::applyAsDouble).toList());
  }

  /** NaN of nothing. */
  static double median(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    int n = sorted.size();
    return n == 0 ? Double.NaN : (sorted.get((n - 1) / 2) + sorted.get(n / 2)) / 2;
  }
}
