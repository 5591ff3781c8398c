package io.vnsnap.bench.pause;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * What was measured, for people and for programs.
 *
 * @param qemuVersion e.g. 7.2.22
 * @param rounds measurements of each way
 * @param heapPeakMib of this JVM while VNsnap captured
 * @param guests in the order of the command line
 */
record PauseReport(String qemuVersion, int rounds, double heapPeakMib, List<GuestResult> guests) {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private static final String ROW = "%-16s %9s %9s %9s %11s %8s  %s%n";

  PauseReport {
    guests = List.copyOf(guests);
  }

  /** Whether every way was measured as often as asked for. */
  boolean complete() {
    return guests.stream()
        .allMatch(guest ->
            guest.ours().failure().isEmpty()
                && guest.others().stream().allMatch(way -> way.failure().isEmpty()));
  }

  void print(PrintWriter out) {
    for (GuestResult guest : guests) {
      out.printf(
          Locale.ROOT,
          "%n%d MiB guest, %d MiB filled, %d MiB/s rewritten; QEMU %s; %d rounds, ms%n",
          guest.load().memoryMib(),
          guest.load().fillMib(),
          guest.load().dirtyMib(),
          qemuVersion,
          rounds);
      out.printf(ROW, "", "median", "min", "max", "whole", "ratio", "");
      printRow(out, guest.ours(), "");
      for (WayResult other : guest.others()) {
        printRow(out, other, number(guest.ratio(other)));
      }
    }
    out.printf(
        Locale.ROOT,
        "%npause: STOP to RESUME by QEMU's clock. ratio: median pause over vnsnap's.%n"
            + "whole: until the state was written (vnsnap: durable). JVM heap peak: %.0f MiB%n",
        heapPeakMib);
    out.flush();
  }

  private static void printRow(PrintWriter out, WayResult way, String ratio) {
    String remark = way.failure().isEmpty() ? way.description() : "FAILED: " + way.failure();
    out.printf(
        ROW,
        way.name(),
        number(way.medianMillis()),
        number(way.minMillis()),
        number(way.maxMillis()),
        number(way.medianWholeMillis()),
        ratio,
        remark);
  }

  private static String number(double value) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.1f", value);
  }

  void writeJson(Path file) throws IOException {
    JSON.writeValue(file.toFile(), json());
  }

  ObjectNode json() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("benchmark", "pause").put("qemuVersion", qemuVersion).put("rounds", rounds);
    json.put("cpus", Runtime.getRuntime().availableProcessors()).put("heapPeakMib", heapPeakMib);
    var array = json.putArray("guests");
    for (GuestResult guest : guests) {
      ObjectNode node = array.addObject();
      node.put("memoryMib", guest.load().memoryMib()).put("filledMib", guest.load().fillMib());
      node.put("dirtyMibPerSecond", guest.load().dirtyMib());
      ObjectNode ways = node.putObject("ways");
      ObjectNode ratios = node.putObject("ratio");
      ways.set(guest.ours().name(), json(guest.ours()));
      for (WayResult other : guest.others()) {
        ways.set(other.name(), json(other));
        if (Double.isFinite(guest.ratio(other))) {
          ratios.put(other.name(), guest.ratio(other));
        }
      }
    }
    return json;
  }

  private static ObjectNode json(WayResult way) {
    ObjectNode json = JsonNodeFactory.instance.objectNode().put("description", way.description());
    if (!way.failure().isEmpty()) {
      json.put("failure", way.failure());
    }
    if (way.hasPauses()) {
      json.putObject("pauseMs")
          .put("median", way.medianMillis())
          .put("min", way.minMillis())
          .put("max", way.maxMillis());
      json.put("wholeMs", way.medianWholeMillis()).put("bytes", way.medianBytes());
      var rounds = json.putArray("roundsMs");
      way.pauses().forEach(pause -> rounds.add(pause.millis()));
    }
    return json;
  }
}
