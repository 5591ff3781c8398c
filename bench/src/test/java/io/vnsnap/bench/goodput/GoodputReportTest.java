package io.vnsnap.bench.goodput;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vnsnap.proto.CaptureMode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
class GoodputReportTest {
  private static final List<TakenSnapshot> TAKEN =
      List.of(new TakenSnapshot("s1", 800, 10, 1, 2), new TakenSnapshot("s2", 1000, 20, 2, 2));

  @TempDir private Path folder;

  private static Window window(double rate, long timeouts, List<TakenSnapshot> snapshots) {
    return new Window(10, rate, timeouts * 2, timeouts, snapshots);
  }

  private static GoodputReport report(long faults) {
    LoadResult load =
        new LoadResult(
            "unlimited",
            List.of(window(20e6, 0, List.of()), window(10e6, 1, List.of())),
            List.of(window(19e6, 2, TAKEN), window(9e6, 1, List.of())),
            faults);
    return new GoodputReport(new GoodputRun.Plan(2, 10, 2, 30, CaptureMode.ROUNDS), List.of(load));
  }

  @Test
  void shouldCompareTheWindowsOfEachRound() throws IOException {
    Path file = folder.resolve("goodput.json");
    report(0).writeJson(file);
    JsonNode load = new ObjectMapper().readTree(file.toFile()).path("loads").path(0);
    assertThat(load.path("ratio").asDouble()).isCloseTo((0.95 + 0.9) / 2, within(1e-9));
    assertThat(load.path("lowerQuartile").asDouble()).isCloseTo(0.9125, within(1e-9));
    assertThat(load.path("upperQuartile").asDouble()).isCloseTo(0.9375, within(1e-9));
    assertThat(load.path("capturesInRounds").asInt()).isEqualTo(3);
    assertThat(load.path("without").path("bytesPerSecond").asDouble()).isCloseTo(15e6, within(1.0));
    assertThat(load.path("with").path("timeouts").asLong()).isEqualTo(3);
    assertThat(load.path("with").path("rounds").path(0).path("partOfTimeInSnapshots").asDouble())
        .isCloseTo(0.18, within(1e-9));
    assertThat(load.path("snapshotMs").asDouble()).isCloseTo(900, within(1e-9));
  }

  @Test
  void shouldPrintARowForEachLoad() {
    StringWriter text = new StringWriter();
    report(0).print(new PrintWriter(text));
    assertThat(text.toString())
        .contains("2 rounds of 10 s without and 10 s with snapshots (rounds), one every 2 s")
        .containsPattern(
            "unlimited +15\\.00 MB/s +14\\.00 MB/s +0\\.9[23] +0\\.91 - 0\\.94 +1 \\+ 3 +2 \\+ 6"
                + " +2 +3 of 4 +900 +15\\.0 +0");
  }

  @Test
  void shouldSayThatAGuestFoundFaults() {
    assertThat(report(0).verified()).isTrue();
    assertThat(report(1).verified()).isFalse();
    assertThat(report(1).json().path("verified").asBoolean(true)).isFalse();
  }
}
