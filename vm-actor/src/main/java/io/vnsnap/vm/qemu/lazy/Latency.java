package io.vnsnap.vm.qemu.lazy;

/**
 * How long answers took, to within a quarter: counts by powers of two and the quarters between
 * them. Used by one thread; read when that has ended.
 */
final class Latency {
  private static final int QUARTERS = 4;

  private final long[] counts = new long[Long.SIZE * QUARTERS];
  private long total;
  private long max;

  void add(long nanos) {
    long value = Math.max(nanos, QUARTERS);
    counts[bucket(value)]++;
    total++;
    max = Math.max(max, nanos);
  }

  long count() {
    return total;
  }

  long maxNanos() {
    return max;
  }

  /**
   * What this share of the answers did not exceed, in nanoseconds; 0 without any.
   *
   * @param share 0 to 1
   */
  long atMostNanos(double share) {
    long wanted = (long) Math.ceil(total * share);
    long seen = 0;
    for (int i = 0; i < counts.length; i++) {
      seen += counts[i];
      if (seen >= wanted && seen > 0) {
        return Math.min(max, end(i));
      }
    }
    return max;
  }

  private static int bucket(long value) {
    int power = Long.SIZE - 1 - Long.numberOfLeadingZeros(value);
    return power * QUARTERS + (int) (value >>> (power - 2)) % QUARTERS;
  }

  private static long end(int bucket) {
    int power = bucket / QUARTERS;
    return (1L << power) + ((long) (bucket % QUARTERS + 1) << (power - 2)) - 1;
  }
}
