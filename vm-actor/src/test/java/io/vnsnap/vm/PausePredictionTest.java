package io.vnsnap.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.vnsnap.proto.CaptureMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PausePredictionTest {
  private static final long MIB = 1 << 20;

  @ParameterizedTest
  @CsvSource({
    // MiB of memory, MiB written a second, mode
    "128, 20, INSTANT",
    "512, 20, INSTANT",
    "1024, 60, INSTANT",
    "2048, 20, ROUNDS",
    "8192, 20, ROUNDS",
    "8192, 0, ROUNDS",
    "8192, 1000, INSTANT",
    "65536, 1000, ROUNDS",
    "65536, 8000, INSTANT",
  })
  void shouldChooseTheShorterPause(long memoryMib, long dirtyMib, CaptureMode mode) {
    PauseHistory history = PauseHistory.of(memoryMib * MIB);
    assertThat(PausePrediction.of(history, dirtyMib * MIB).mode()).isEqualTo(mode);
  }

  @Test
  void shouldPredictWhatWasMeasured() {
    PausePrediction prediction = PausePrediction.of(PauseHistory.of(512 * MIB), 20 * MIB);
    assertThat(prediction.instantMillis()).isCloseTo(8.2, within(2.0));
    assertThat(prediction.roundsMillis()).isBetween(5.0, 16.0);
    assertThat(prediction.reason()).contains("ms INSTANT").contains("ms ROUNDS");
  }

  @Test
  void shouldNotMeasureWhereItMakesNoDifference() {
    assertThat(PausePrediction.instantAnyway(PauseHistory.of(128 * MIB))).isTrue();
    assertThat(PausePrediction.instantAnyway(PauseHistory.of(8192 * MIB))).isFalse();
  }

  @Test
  void shouldNotFearMoreThanAllMemory() {
    PausePrediction prediction = PausePrediction.of(PauseHistory.of(64 * MIB), Long.MAX_VALUE / 2);
    assertThat(prediction.roundsMillis()).isLessThan(6 + 64);
  }

  @Test
  void shouldLearnFromThisVmsPauses() {
    PauseHistory slow = PauseHistory.of(512 * MIB);
    for (int i = 0; i < 4; i++) {
      slow = slow.afterInstant(60);
    }
    assertThat(slow.instantMillis()).isCloseTo(57, within(3.0));
    assertThat(PausePrediction.of(slow, 20 * MIB).mode()).isEqualTo(CaptureMode.ROUNDS);
  }

  @Test
  void shouldForgetABadPauseOfAModeThatIsNotUsed() {
    PauseHistory history = PauseHistory.of(128 * MIB).afterInstant(500);
    assertThat(PausePrediction.of(history, 0).mode()).isEqualTo(CaptureMode.ROUNDS);
    int snapshots = 0;
    while (PausePrediction.of(history, 0).mode() == CaptureMode.ROUNDS) {
      history = history.afterRounds(7, 1);
      assertThat(++snapshots).isLessThan(60);
    }
    assertThat(snapshots).isGreaterThan(5);
  }

  @Test
  void shouldTellTheFloorFromTheCopying() {
    PauseHistory history = PauseHistory.of(2048 * MIB);
    assertThat(history.afterRounds(20, 1).roundsFloorMillis()).isGreaterThan(12);
    assertThat(history.afterRounds(20, 1).roundsMillisPerMib())
        .isEqualTo(PauseHistory.ROUNDS_MILLIS_PER_MIB);
    assertThat(history.afterRounds(206, 100).roundsMillisPerMib()).isCloseTo(1.35, within(0.01));
    assertThat(history.afterRounds(206, 100).roundsFloorMillis())
        .isEqualTo(PauseHistory.ROUNDS_FLOOR_MILLIS);
  }

  @Test
  void shouldTakeWhatTheLastRoundsCaptureFoundDirty() {
    PauseHistory history = PauseHistory.of(2048 * MIB).afterRounds(40, 50);
    assertThat(PausePrediction.of(history, -1).roundsMillis()).isGreaterThan(36);
  }
}
