package io.vnsnap.bench.store;

import java.util.Comparator;
import java.util.List;

/**
 * What one way of storing the image took in one round.
 *
 * @param seconds by the clock, until all of it was durable
 * @param cpuSeconds of all threads or processes
 * @param storedBytes what it takes on the disk
 */
record Measured(double seconds, double cpuSeconds, long storedBytes) {

  /** The one in the middle by time. */
  static Measured median(List<Measured> all) {
    return all.stream()
        .sorted(Comparator.comparingDouble(Measured::seconds))
        .toList()
        .get((all.size() - 1) / 2);
  }

  /** MB (10^6 bytes) of the image a second. */
  double megabytesPerSecond(long imageBytes) {
    return imageBytes / 1e6 / seconds;
  }
}
