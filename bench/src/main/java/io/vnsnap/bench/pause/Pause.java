package io.vnsnap.bench.pause;

/**
 * One measurement.
 *
 * @param stopMicros when QEMU reported STOP, by its own clock
 * @param resumeMicros when it reported RESUME
 * @param bytes of state written; 0: not known
 * @param wholeMillis from the order until the state was written (ours: durable)
 */
record Pause(long stopMicros, long resumeMicros, long bytes, double wholeMillis) {

  double millis() {
    return (resumeMicros - stopMicros) / 1e3;
  }
}
