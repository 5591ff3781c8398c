package io.vnsnap.bench.goodput;

import io.vnsnap.bench.BenchmarkException;
import java.util.List;

/**
 * A stretch of time.
 *
 * @param seconds how long it was
 * @param bytesPerSecond that both guests together received
 * @param resent segments that both sent again
 * @param timeouts retransmission timers that ran out
 * @param snapshots that were taken in it
 */
record Window(
    double seconds,
    double bytesPerSecond,
    long resent,
    long timeouts,
    List<TakenSnapshot> snapshots) {

  Window {
    snapshots = List.copyOf(snapshots);
  }

  /**
   * What the guests reported between two times. What was sent again counts until {@code settled}: a
   * timer that a snapshot made run out may do so, and be reported, after the end.
   *
   * @param guests the reports of each, in order
   */
  static Window of(
      List<List<Sample>> guests, long start, long end, long settled, List<TakenSnapshot> snapshots)
      throws BenchmarkException {
    double rate = 0;
    long resent = 0;
    long timeouts = 0;
    for (List<Sample> samples : guests) {
      List<Sample> within =
          samples.stream().filter(s -> s.nanos() >= start && s.nanos() <= end).toList();
      if (within.size() < 2) {
        throw new BenchmarkException(
            "a guest made %d reports in a window; make it longer".formatted(within.size()));
      }
      Sample first = within.get(0);
      Sample last = within.get(within.size() - 1);
      rate += (last.received() - first.received()) * 1e9 / (last.nanos() - first.nanos());
      Sample before = samples.stream().filter(s -> s.nanos() < start).reduce(first, (a, b) -> b);
      Sample after = samples.stream().filter(s -> s.nanos() <= settled).reduce(last, (a, b) -> b);
      resent += after.resent() - before.resent();
      timeouts += after.timeouts() - before.timeouts();
    }
    return new Window((end - start) / 1e9, rate, resent, timeouts, snapshots);
  }

  /** The part of the time in which a snapshot was going on. */
  double busyPart() {
    return snapshots.stream().mapToDouble(TakenSnapshot::millis).sum() / 1000 / seconds;
  }
}
