package io.vnsnap.vm.sim;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * Settings of {@link SimulatedHypervisor}: see {@code vnsnap.vm.simulated} in reference.conf.
 *
 * @param tick of the guests' own time between two turns of a program
 * @param stepsPerTick frames a guest can handle in one tick, at most
 * @param receivePages memory of a guest for frames that it has not handled yet
 * @param drainTimeout for what a paused VM had sent to be taken by its sockets
 * @param stallTimeout for the store to take the next chunk of a capture
 * @param chunkPages pages of an image written at a time
 */
public record SimulatedSettings(
    Duration tick,
    int stepsPerTick,
    int receivePages,
    Duration drainTimeout,
    Duration stallTimeout,
    int chunkPages) {
  private static final Duration LONGEST_TICK = Duration.ofSeconds(1);
  private static final int MAX_RECEIVE_PAGES = 4096;
  private static final int MAX_CHUNK_PAGES = 4096;

  /** Refuses what cannot work. */
  public SimulatedSettings {
    check(
        tick.isPositive() && tick.compareTo(LONGEST_TICK) <= 0,
        "tick must be longer than 0 and at most " + LONGEST_TICK.toMillis() + " ms");
    check(stepsPerTick > 0, "steps-per-tick must be at least 1");
    check(
        receivePages > 0 && receivePages <= MAX_RECEIVE_PAGES,
        "receive-pages must be 1 to " + MAX_RECEIVE_PAGES);
    check(
        chunkPages > 0 && chunkPages <= MAX_CHUNK_PAGES,
        "chunk-pages must be 1 to " + MAX_CHUNK_PAGES);
  }

  /** Reads {@code vnsnap.vm.simulated} of the given configuration. */
  public static SimulatedSettings from(Config config) {
    Config simulated = config.getConfig("vnsnap.vm.simulated");
    return new SimulatedSettings(
        simulated.getDuration("tick"),
        simulated.getInt("steps-per-tick"),
        simulated.getInt("receive-pages"),
        simulated.getDuration("drain-timeout"),
        simulated.getDuration("stall-timeout"),
        simulated.getInt("chunk-pages"));
  }

  private static void check(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException("vnsnap.vm.simulated: " + message);
    }
  }
}
