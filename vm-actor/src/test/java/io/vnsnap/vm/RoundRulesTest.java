package io.vnsnap.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import io.vnsnap.proto.Staging;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class RoundRulesTest {
  private static final long MIB = 1 << 20;
  private static final Duration SOON = Duration.ofMillis(500);

  private final RoundsSettings settings = RoundsSettings.from(ConfigFactory.load());
  private final RoundRules rules = new RoundRules(settings);

  @Test
  void shouldEndWhenLittleIsDirty() {
    assertThat(rules.last(2, settings.dirtyLimit(), 100 * MIB, SOON)).contains("little is left");
    assertThat(rules.last(2, settings.dirtyLimit() + 1, 100 * MIB, SOON)).isEmpty();
  }

  @Test
  void shouldEndWithTheLastRoundThatIsAllowed() {
    int most = settings.maxRounds();
    assertThat(rules.last(most - 1, 40 * MIB, 100 * MIB, SOON)).isEmpty();
    assertThat(rules.last(most, 40 * MIB, 100 * MIB, SOON))
        .contains(most + " rounds are the limit");
  }

  @Test
  void shouldEndWhenTimeIsUp() {
    assertThat(rules.last(2, 40 * MIB, 100 * MIB, settings.maxTime()))
        .contains(settings.maxTime().toMillis() + " ms are the limit");
  }

  @Test
  void shouldEndWhenRoundsGetNoSmaller() {
    assertThat(rules.last(3, 95 * MIB, 100 * MIB, SOON)).contains("rounds get no smaller");
    assertThat(rules.last(3, 80 * MIB, 100 * MIB, SOON)).isEmpty();
  }

  @Test
  void shouldAlwaysReadTheFirstRound() {
    assertThat(rules.last(1, 512 * MIB, 0, Duration.ZERO)).isEmpty();
  }

  @Test
  void shouldRefuseSettingsThatMakeNoSense() {
    assertThatThrownBy(() ->
            RoundsSettings.from(
                ConfigFactory.parseString("vnsnap.vm.rounds.staging = tape")
                    .withFallback(ConfigFactory.load())))
        .hasMessage("vnsnap.vm.rounds.staging must be memory or disk, not tape");
    assertThatThrownBy(() -> settings.withMaxRounds(0)).hasMessageContaining("positive");
    assertThat(settings.staging()).isEqualTo(Staging.MEMORY);
  }
}
