package io.vnsnap.vm;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * Which capture mode AUTO takes on a host whose processors are busy: see {@code vnsnap.vm.auto} in
 * reference.conf.
 *
 * @param busyLoad share of the host's processor time from which on it is busy, more than 0; above
 *     1: never
 * @param busyPauseLimit a busy host takes ROUNDS while their predicted pause is no longer, but not
 *     for a VM's first snapshot
 */
public record AutoSettings(double busyLoad, Duration busyPauseLimit) {

  /** Checks that they make sense. */
  public AutoSettings {
    if (!(busyLoad > 0)) {
      throw new IllegalArgumentException(
          "vnsnap.vm.auto.busy-load must be more than 0, not " + busyLoad);
    }
    if (busyPauseLimit.isNegative()) {
      throw new IllegalArgumentException(
          "vnsnap.vm.auto.busy-pause-limit must not be negative, but is " + busyPauseLimit);
    }
  }

  /** Reads {@code vnsnap.vm.auto} of the given configuration. */
  public static AutoSettings from(Config config) {
    Config auto = config.getConfig("vnsnap.vm.auto");
    return new AutoSettings(auto.getDouble("busy-load"), auto.getDuration("busy-pause-limit"));
  }

  /**
   * Whether guests would pay for processor time that a capture takes.
   *
   * @param load share of the host's processor time that was busy lately, 0 to 1
   */
  boolean isBusy(double load) {
    return load >= busyLoad;
  }
}
