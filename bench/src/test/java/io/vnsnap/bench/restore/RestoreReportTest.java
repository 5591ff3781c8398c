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
                      new RestoreReport.WayResult("store", "ours", List.of(260.0, 240.0, 250.0)),
                      new RestoreReport.WayResult("file", "QEMU's", List.of(190.0, 210.0))))));

  @Test
  void shouldCompareWithTheFile() {
    StringWriter out = new StringWriter();
    report.print(new PrintWriter(out));
    assertThat(out.toString())
        .contains("128 MiB guest, 56 MiB filled; stored in 700 ms, 70 MiB added")
        .contains("store    running after    250 ms  (260 240 250)  1.25 of file  ours")
        .contains("file     running after    200 ms  (190 210)  1.00 of file  QEMU's");
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
  }
}
