package io.vnsnap.vm;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * Settings of a {@link VmActor}: see {@code vnsnap.vm} in reference.conf.
 *
 * @param holdDeadline time for the gates to be shut
 * @param stepDeadline time for each other step of a cut
 * @param resumeTries how often a VM is tried to be brought back
 * @param resumeInterval time between two tries
 * @param progressInterval time between two reports of progress
 * @param rounds of captures in rounds
 * @param auto of the choice between capture modes
 */
public record VmSettings(
    Duration holdDeadline,
    Duration stepDeadline,
    int resumeTries,
    Duration resumeInterval,
    Duration progressInterval,
    RoundsSettings rounds,
    AutoSettings auto) {

  /** Reads {@code vnsnap.vm} of the given configuration. */
  public static VmSettings from(Config config) {
    Config vm = config.getConfig("vnsnap.vm");
    return new VmSettings(
        vm.getDuration("cut.hold-deadline"),
        vm.getDuration("cut.step-deadline"),
        vm.getInt("resume-tries"),
        vm.getDuration("resume-interval"),
        vm.getDuration("progress-interval"),
        RoundsSettings.from(config),
        AutoSettings.from(config));
  }
}
