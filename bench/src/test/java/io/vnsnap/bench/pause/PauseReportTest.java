package io.vnsnap.bench.pause;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
class PauseReportTest {
  private static final long START = 1_700_000_000_000_000L;

  @TempDir private Path folder;

  private static WayResult way(String name, String failure, double... millis) {
    List<Pause> pauses =
        Arrays.stream(millis)
            .mapToObj(ms -> new Pause(START, START + (long) (ms * 1000), 1000, ms * 2))
            .toList();
    return new WayResult(name, "what it does", pauses, failure);
  }

  private static PauseReport report(WayResult... others) {
    GuestLoad load = new GuestLoad(Path.of("/kit"), 512, 307, 20);
    GuestResult guest = new GuestResult(load, way("vnsnap", "", 12, 8, 10), List.of(others));
    return new PauseReport("7.2.22", 3, 40, List.of(guest));
  }

  @Test
  void shouldGiveMedianMinMaxAndRatio() throws IOException {
    Path file = folder.resolve("pause.json");
    report(way("stop-and-copy", "", 500, 400, 600, 300)).writeJson(file);
    JsonNode guest = new ObjectMapper().readTree(file.toFile()).path("guests").path(0);
    JsonNode ours = guest.path("ways").path("vnsnap");
    assertThat(ours.path("pauseMs").path("median").asDouble()).isCloseTo(10, within(1e-9));
    assertThat(ours.path("pauseMs").path("min").asDouble()).isCloseTo(8, within(1e-9));
    assertThat(ours.path("pauseMs").path("max").asDouble()).isCloseTo(12, within(1e-9));
    assertThat(ours.path("roundsMs")).hasSize(3);
    assertThat(guest.path("ratio").path("stop-and-copy").asDouble()).isCloseTo(45, within(1e-9));
    assertThat(guest.path("memoryMib").asInt()).isEqualTo(512);
  }

  @Test
  void shouldSayWhatFailedAndGiveNoFigureForIt() {
    PauseReport report = report(way("snapshot-save", "QEMU refuses it"));
    StringWriter text = new StringWriter();
    report.print(new PrintWriter(text));
    assertThat(report.complete()).isFalse();
    assertThat(text.toString()).contains("snapshot-save").contains("FAILED: QEMU refuses it");
    JsonNode guest = report.json().path("guests").path(0);
    assertThat(guest.path("ratio").size()).isZero();
    assertThat(guest.path("ways").path("snapshot-save").path("failure").asText())
        .isEqualTo("QEMU refuses it");
  }

  @Test
  void shouldPrintARowForEachWay() {
    PauseReport report = report(way("stop-and-copy", "", 450));
    StringWriter text = new StringWriter();
    report.print(new PrintWriter(text));
    assertThat(report.complete()).isTrue();
    assertThat(text.toString())
        .contains("512 MiB guest, 307 MiB filled, 20 MiB/s rewritten; QEMU 7.2.22; 3 rounds")
        .containsPattern("vnsnap +10\\.0 +8\\.0 +12\\.0")
        .containsPattern("stop-and-copy +450\\.0 +450\\.0 +450\\.0 +900\\.0 +45\\.0");
  }
}
