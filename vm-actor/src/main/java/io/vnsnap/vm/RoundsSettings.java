package io.vnsnap.vm;

import com.typesafe.config.Config;
import io.vnsnap.proto.Staging;
import java.time.Duration;

/**
 * When the rounds of a capture end, and how it waits for the cut: see {@code vnsnap.vm.rounds} in
 * reference.conf.
 *
 * @param staging where pages wait, unless a snapshot asks for another place: MEMORY or DISK
 * @param dirtyLimit bytes of memory; when no more than that are still to be copied, it waits
 * @param maxRounds so many rounds are read at most before it waits for the cut
 * @param maxTime after so long no further round is begun
 * @param settle time that it stands still before a round ends
 * @param renewAfter time after which a capture that waits for its cut reads another round
 * @param maxRenewals so often it does that at most
 */
public record RoundsSettings(
    Staging staging,
    long dirtyLimit,
    int maxRounds,
    Duration maxTime,
    Duration settle,
    Duration renewAfter,
    int maxRenewals) {

  /** Of captures that have no rounds. */
  static final RoundsSettings ONE =
      new RoundsSettings(Staging.DISK, 0, 1, Duration.ZERO, Duration.ZERO, Duration.ofHours(1), 0);

  /** Checks that they make sense. */
  public RoundsSettings {
    if (staging != Staging.MEMORY && staging != Staging.DISK) {
      throw new IllegalArgumentException("staging must be memory or disk");
    }
    if (dirtyLimit < 0 || maxRounds < 1 || maxRenewals < 0) {
      throw new IllegalArgumentException("limits of rounds must be positive");
    }
  }

  /** Reads {@code vnsnap.vm.rounds} of the given configuration. */
  public static RoundsSettings from(Config config) {
    Config rounds = config.getConfig("vnsnap.vm.rounds");
    return new RoundsSettings(
        staging(rounds.getString("staging")),
        rounds.getBytes("dirty-limit"),
        rounds.getInt("max-rounds"),
        rounds.getDuration("max-time"),
        rounds.getDuration("settle"),
        rounds.getDuration("renew-after"),
        rounds.getInt("max-renewals"));
  }

  private static Staging staging(String value) {
    return switch (value) {
      case "memory" -> Staging.MEMORY;
      case "disk" -> Staging.DISK;
      default ->
          throw new IllegalArgumentException(
              "vnsnap.vm.rounds.staging must be memory or disk, not " + value);
    };
  }

  /** The same with so many rounds at most. */
  public RoundsSettings withMaxRounds(int most) {
    return new RoundsSettings(staging, dirtyLimit, most, maxTime, settle, renewAfter, maxRenewals);
  }
}
