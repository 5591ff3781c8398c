package io.vnsnap.vm;

import java.time.Duration;
import java.util.Optional;

/** Says when the rounds of a capture end. */
public final class RoundRules {
  /** A round that has more than this part of the one before to copy is the last. */
  private static final double SHRINKS = 0.9;

  private final RoundsSettings settings;

  /** By these limits. */
  public RoundRules(RoundsSettings settings) {
    this.settings = settings;
  }

  /**
   * Asked when a round begins.
   *
   * @param round number of the round, counting from 1
   * @param bytes of memory that it has to copy
   * @param before bytes of memory that the round before had
   * @param elapsed since the first round began
   * @return why no further round shall follow; empty: read it to its end and go on
   */
  public Optional<String> last(int round, long bytes, long before, Duration elapsed) {
    if (isSmall(bytes)) {
      return Optional.of("little is left");
    }
    if (round >= settings.maxRounds()) {
      return Optional.of(round + " rounds are the limit");
    }
    if (elapsed.compareTo(settings.maxTime()) >= 0) {
      return Optional.of(settings.maxTime().toMillis() + " ms are the limit");
    }
    if (round > 1 && bytes > before * SHRINKS) {
      return Optional.of("rounds get no smaller");
    }
    return Optional.empty();
  }

  /** Whether so little is to be copied that the cut may come. */
  public boolean isSmall(long bytes) {
    return bytes <= settings.dirtyLimit();
  }
}
