package io.vnsnap.bench.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vnsnap.bench.pause.GuestLoad;
import io.vnsnap.bench.vm.BenchHost;
import io.vnsnap.proto.ImageRecord;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaptureReportTest {
  private static BenchHost.Taken taken(double pauseMillis, int addedMib) {
    ImageRecord image =
        ImageRecord.newBuilder()
            .setBytes(140L << 20)
            .setAddedBytes((long) addedMib << 20)
            .setStalledUs(3000)
            .build();
    return new BenchHost.Taken("s", image, pauseMillis, 100 * pauseMillis);
  }

  private final CaptureReport report =
      new CaptureReport(
          2,
          10,
          List.of(
              new CaptureReport.Guest(
                  new GuestLoad(Path.of("kit"), 512, 307, 20),
                  taken(9, 300),
                  10,
                  List.of(
                      new CaptureReport.Round(20, 18, List.of(taken(4, 20), taken(6, 22))),
                      new CaptureReport.Round(20, 14, List.of(taken(5, 24)))))));

  @Test
  void shouldTellWhatTheGuestKeeps() {
    StringWriter out = new StringWriter();
    report.print(new PrintWriter(out));
    assertThat(out.toString())
        .contains("asked to rewrite 20 MiB/s: 20.0 MiB/s when left alone")
        .contains("first capture  keeps 0.50 of its rate; pause 9.0 ms, stored after 900 ms")
        .contains("later ones     keeps 0.80 of its rate; pause 5.0 ms, stored after 500 ms, 22.0");
  }

  @Test
  void shouldWriteAllFigures(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("capture.json");
    report.writeJson(file);
    JsonNode guest = new ObjectMapper().readTree(file.toFile()).path("guests").path(0);
    assertThat(guest.path("first").path("kept").asDouble()).isEqualTo(0.5, within(1e-9));
    assertThat(guest.path("later").path("kept").asDouble()).isEqualTo(0.8, within(1e-9));
    JsonNode captures = guest.path("later").path("rounds").path(0).path("captures");
    assertThat(captures).hasSize(2);
    assertThat(captures.path(1).path("stalledMs").asDouble()).isEqualTo(3, within(1e-9));
  }

  @Test
  void shouldDrawALineBetweenWhatTheGuestSays() {
    List<WriteMeter.Sample> samples =
        List.of(
            new WriteMeter.Sample(1000, 10),
            new WriteMeter.Sample(2000, 30),
            new WriteMeter.Sample(4000, 30));
    assertThat(WriteMeter.writtenAt(samples, 1000)).isEqualTo(10);
    assertThat(WriteMeter.writtenAt(samples, 1500)).isEqualTo(20);
    assertThat(WriteMeter.writtenAt(samples, 3000)).isEqualTo(30);
  }
}
