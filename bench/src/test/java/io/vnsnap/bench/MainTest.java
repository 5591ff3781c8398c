package io.vnsnap.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
class MainTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    return Main.commandLine()
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(err))
        .execute(arguments);
  }

  @Test
  void shouldExplainItself() {
    assertThat(run("--help")).isZero();
    assertThat(out.toString())
        .contains("pause", "capture", "restore", "gate", "goodput")
        .doesNotContain("gate-peer");
  }

  @Test
  void shouldExplainABenchmark() {
    assertThat(run("pause", "--help")).isZero();
    assertThat(out.toString()).contains("--json=FILE").contains("--rounds=N");
  }

  @ParameterizedTest
  @ValueSource(strings = {"--rounds=0", "--rounds=x", "--dirty=-1", "--memory=", "--no-such"})
  void shouldRefuseWrongUsage(String option) {
    assertThat(run("pause", option)).isEqualTo(2);
    assertThat(err.toString()).contains("Usage: bench pause");
  }

  @ParameterizedTest
  @ValueSource(strings = {"--rounds=0", "--bursts=0", "--frames=59", "--frames=9001", "--frames="})
  void shouldRefuseWrongUsageOfGate(String option) {
    assertThat(run("gate", option)).isEqualTo(2);
    assertThat(err.toString()).contains("Usage: bench gate");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--rounds=0",
        "--window=3",
        "--every=-1",
        "--rate=0",
        "--rate=1,fast",
        "--mode=fast"
      })
  void shouldRefuseWrongUsageOfGoodput(String option) {
    assertThat(run("goodput", option)).isEqualTo(2);
    assertThat(err.toString()).contains("Usage: bench goodput");
  }

  @ParameterizedTest
  @ValueSource(strings = {"restore --rounds=0", "restore --dirty=-1", "capture --window=0"})
  void shouldRefuseWrongUsageOfRestoreAndCapture(String line) {
    assertThat(run(line.split(" "))).isEqualTo(2);
    assertThat(err.toString()).contains("Usage: bench ");
  }

  @Test
  void shouldRefuseAGuestTooSmallToFill() {
    assertThat(run("pause", "--memory=64")).isEqualTo(1);
    assertThat(err.toString()).startsWith("bench: ").doesNotContain("\tat ");
  }
}
