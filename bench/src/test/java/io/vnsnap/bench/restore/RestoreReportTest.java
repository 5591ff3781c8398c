package io.vnsnap.bench.restore;

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
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RestoreReportTest {
  private static final ImageRecord IMAGE =
      ImageRecord.newBuilder().setBytes(140L << 20).setAddedBytes(70L << 20).build();

  private final RestoreReport report =
      new RestoreReport(
          3,
          List.of(
              new RestoreReport.Guest(
                  new GuestLoad(Path.of("kit"), 128, 56, 5),
                  new BenchHost.Taken("s1", IMAGE, 4.5, 700),
                  110L << 20,
                  List.of(
                      new RestoreReport.WayResult("store", "ours", rounds(260, 240, 250)),
                      new RestoreReport.WayResult("file", "QEMU's", rounds(190, 210)),
                      new RestoreReport.WayResult("lazy", "ours too", rounds(90, 100))))));

  private static List<Way.Restored> rounds(double... millis) {
    return DoubleStream.of(millis).mapToObj(ms -> new Way.Restored(ms, ms + 80)).toList();
  }

  @Test
  void shouldCompareWithTheFile() {
    StringWriter out = new StringWriter();
    report.print(new PrintWriter(out));
    assertThat(out.toString())
        .contains("128 MiB guest, 56 MiB filled; stored in 700 ms, 70 MiB added")
        .contains(
            "store    running after    250 ms  (260 240 250)  1.25 of file; answered after    330 ms")
        .contains(
            "file     running after    200 ms  (190 210)  1.00 of file; answered after    280 ms")
        .contains(
            "lazy     running after     95 ms  (90 100)  0.48 of file; answered after    175 ms");
  }

  @Test
  void shouldWriteAllFigures(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("restore.json");
    report.writeJson(file);
    JsonNode json = new ObjectMapper().readTree(file.toFile());
    assertThat(json.path("benchmark").asText()).isEqualTo("restore");
    JsonNode guest = json.path("guests").path(0);
    assertThat(guest.path("addedBytes").asLong()).isEqualTo(70L << 20);
    assertThat(guest.path("ways").path("store").path("ratio").asDouble())
        .isEqualTo(1.25, within(1e-9));
    assertThat(guest.path("ways").path("file").path("roundsMs")).hasSize(2);
    assertThat(guest.path("ways").path("lazy").path("answeredMs").asDouble())
        .isEqualTo(175, within(1e-9));
  }
}
