package io.vnsnap.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.vnsnap.proto.CaptureMode;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PausePredictionTest {
  private static final long MIB = 1 << 20;
  private static final AutoSettings AUTO = new AutoSettings(0.85, Duration.ofMillis(25));

  /** On a host that is not busy. */
  private static CaptureMode mode(PauseHistory history, long dirtyRate) {
    return PausePrediction.of(history, dirtyRate).mode(false, AUTO);
  }

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
    assertThat(mode(history, dirtyMib * MIB)).isEqualTo(mode);
  }

  @ParameterizedTest
  @CsvSource({
    // MiB of memory, MiB written a second, mode
    "128, 20, ROUNDS",
    "512, 60, ROUNDS",
    "128, 100, INSTANT", // 34 ms are too long
    "8192, 1000, INSTANT",
    "65536, 1000, ROUNDS", // 286 ms, and 790 the other way
  })
  void shouldSpareABusyHostWhileThePauseIsShort(long memoryMib, long dirtyMib, CaptureMode mode) {
    PausePrediction prediction =
        PausePrediction.of(PauseHistory.of(memoryMib * MIB), dirtyMib * MIB);
    assertThat(prediction.mode(true, AUTO)).isEqualTo(mode);
  }

  @Test
  void shouldCallAHostBusyFromTheShareThatIsSet() {
    assertThat(AUTO.isBusy(0.84)).isFalse();
    assertThat(AUTO.isBusy(0.85)).isTrue();
    assertThat(new AutoSettings(1.01, Duration.ZERO).isBusy(1)).isFalse();
  }

  @Test
  void shouldRefuseLimitsThatMakeNoSense() {
    assertThatThrownBy(() -> new AutoSettings(0, Duration.ofMillis(25)))
        .hasMessageContaining("vnsnap.vm.auto.busy-load must be more than 0");
    assertThatThrownBy(() -> new AutoSettings(Double.NaN, Duration.ofMillis(25)))
        .hasMessageContaining("vnsnap.vm.auto.busy-load must be more than 0");
    assertThatThrownBy(() -> new AutoSettings(0.85, Duration.ofMillis(-1)))
        .hasMessageContaining("vnsnap.vm.auto.busy-pause-limit must not be negative");
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
    assertThat(mode(slow, 20 * MIB)).isEqualTo(CaptureMode.ROUNDS);
  }

  @Test
  void shouldForgetABadPauseOfAModeThatIsNotUsed() {
    PauseHistory history = PauseHistory.of(128 * MIB).afterInstant(500);
    assertThat(mode(history, 0)).isEqualTo(CaptureMode.ROUNDS);
    int snapshots = 0;
    while (mode(history, 0) == CaptureMode.ROUNDS) {
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
