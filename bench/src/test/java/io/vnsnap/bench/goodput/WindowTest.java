package io.vnsnap.bench.goodput;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.vnsnap.bench.BenchmarkException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
class WindowTest {
  private static final long SECOND = 1_000_000_000;

  private static Sample sample(double seconds, long received, long resent, long timeouts) {
    return new Sample((long) (seconds * SECOND), true, received, resent, timeouts, 0);
  }

  @Test
  void shouldAddTheGuestsUpByTheTimeOfTheirReports() throws BenchmarkException {
    List<Sample> one =
        List.of(sample(9.5, 0, 0, 0), sample(10.5, 100, 0, 0), sample(14.5, 500, 0, 0));
    List<Sample> other =
        List.of(sample(10, 1000, 0, 0), sample(12, 1400, 0, 0), sample(16, 9, 0, 0));

    Window window =
        Window.of(List.of(one, other), 10 * SECOND, 15 * SECOND, 16 * SECOND, List.of());

    assertThat(window.bytesPerSecond()).isCloseTo(100 + 200, within(1e-9));
    assertThat(window.seconds()).isCloseTo(5, within(1e-9));
  }

  @Test
  void shouldCountWhatWasSentAgainUntilItHasSettled() throws BenchmarkException {
    List<Sample> samples =
        List.of(
            sample(9, 0, 7, 1),
            sample(11, 1, 8, 1),
            sample(14, 2, 8, 1),
            sample(16, 3, 9, 2),
            sample(18, 4, 99, 9));

    Window window = Window.of(List.of(samples), 10 * SECOND, 15 * SECOND, 17 * SECOND, List.of());

    assertThat(window.resent()).isEqualTo(2);
    assertThat(window.timeouts()).isEqualTo(1);
  }

  @Test
  void shouldSayWhatPartOfTheTimeSnapshotsTook() throws BenchmarkException {
    List<Sample> samples = List.of(sample(1, 0, 0, 0), sample(2, 1, 0, 0));
    List<TakenSnapshot> taken =
        List.of(new TakenSnapshot("s1", 500, 9, 2, 2), new TakenSnapshot("s2", 300, 9, 0, 2));

    Window window = Window.of(List.of(samples), 0, 4 * SECOND, 4 * SECOND, taken);

    assertThat(window.busyPart()).isCloseTo(0.2, within(1e-9));
  }

  @Test
  void shouldNotGuessFromOneReport() {
    List<Sample> samples = List.of(sample(1, 0, 0, 0));

    assertThatThrownBy(() -> Window.of(List.of(samples), 0, 4 * SECOND, 4 * SECOND, List.of()))
        .isInstanceOf(BenchmarkException.class)
        .hasMessageContaining("1 reports");
  }
}
