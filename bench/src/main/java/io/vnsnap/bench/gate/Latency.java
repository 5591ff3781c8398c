package io.vnsnap.bench.gate;

/**
 * How long frames took from guest to guest that were sent one at a time.
 *
 * @param p50 microseconds that half of them did not exceed; NaN if none was sent
 * @param p99 microseconds that 99 % of them did not exceed; NaN if none was sent
 */
record Latency(double p50, double p99) {
  private static final double NANOS_PER_MICRO = 1000;

  /** Not measured. */
  static final Latency NONE = new Latency(Double.NaN, Double.NaN);

  /** Of nanoseconds in ascending order. */
  static Latency of(long[] sorted) {
    return new Latency(
        sorted[sorted.length / 2] / NANOS_PER_MICRO,
        sorted[(int) (sorted.length * 99L / 100)] / NANOS_PER_MICRO);
  }

  boolean isMeasured() {
    return !Double.isNaN(p50);
  }
}
