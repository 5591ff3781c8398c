package io.vnsnap.vm;

/**
 * What one VM's captures have taught about its pauses. A figure that is not confirmed returns step
 * by step to where it began, so that one bad pause does not rule a mode out for ever.
 *
 * @param instantMillis INSTANT's pause
 * @param roundsFloorMillis ROUNDS' pause with nothing dirty
 * @param roundsMillisPerMib what each dirty MiB adds to it
 * @param dirtyMib what was dirty at the cut of the last capture, if it was one in rounds; else
 *     negative
 * @param captured whether it was captured before
 * @param memoryGib of the VM
 */
record PauseHistory(
    double instantMillis,
    double roundsFloorMillis,
    double roundsMillisPerMib,
    double dirtyMib,
    boolean captured,
    double memoryGib) {

  /** Measured with QEMU 7.2 under TCG: 3 ms at 128 MiB, 8 at 512 (docs/benchmarks.md). */
  static final double INSTANT_FLOOR_MILLIS = 3;

  static final double INSTANT_MILLIS_PER_GIB = 12;

  /** Measured likewise: 6 ms and more, and about 1.5 GB/s. */
  static final double ROUNDS_FLOOR_MILLIS = 6;

  static final double ROUNDS_MILLIS_PER_MIB = 0.7;

  /** Weight of the last pause. */
  private static final double NEWEST = 0.5;

  /** Weight of the first assumption, each time a mode was not used. */
  private static final double FORGOTTEN = 0.1;

  /** With more, the pause tells of the copying; with less, of the floor. */
  private static final double MUCH_DIRTY_MIB = 4;

  /** Of a VM that was never captured. */
  static PauseHistory of(long memoryBytes) {
    double gib = memoryBytes / (double) (1L << 30);
    return new PauseHistory(
        firstInstant(gib), ROUNDS_FLOOR_MILLIS, ROUNDS_MILLIS_PER_MIB, -1, false, gib);
  }

  private static double firstInstant(double gib) {
    return INSTANT_FLOOR_MILLIS + INSTANT_MILLIS_PER_GIB * gib;
  }

  /** After an INSTANT capture. */
  PauseHistory afterInstant(double pauseMillis) {
    return new PauseHistory(
        mix(instantMillis, pauseMillis, NEWEST),
        mix(roundsFloorMillis, ROUNDS_FLOOR_MILLIS, FORGOTTEN),
        mix(roundsMillisPerMib, ROUNDS_MILLIS_PER_MIB, FORGOTTEN),
        -1,
        true,
        memoryGib);
  }

  /**
   * After a capture in rounds.
   *
   * @param copiedMib of memory, during the pause
   */
  PauseHistory afterRounds(double pauseMillis, double copiedMib) {
    boolean much = copiedMib > MUCH_DIRTY_MIB;
    double floor = Math.max(0, pauseMillis - copiedMib * roundsMillisPerMib);
    double perMib = much ? Math.max(0, pauseMillis - roundsFloorMillis) / copiedMib : 0;
    return new PauseHistory(
        mix(instantMillis, firstInstant(memoryGib), FORGOTTEN),
        much ? roundsFloorMillis : mix(roundsFloorMillis, floor, NEWEST),
        much ? mix(roundsMillisPerMib, perMib, NEWEST) : roundsMillisPerMib,
        copiedMib,
        true,
        memoryGib);
  }

  private static double mix(double before, double now, double weight) {
    return before + (now - before) * weight;
  }
}
