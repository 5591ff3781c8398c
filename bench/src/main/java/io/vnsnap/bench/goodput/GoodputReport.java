package io.vnsnap.bench.goodput;

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
 * @param loads in the order of the command line
 */
record GoodputReport(GoodputRun.Plan plan, List<LoadResult> loads) {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private static final String ROW = "%-10s %10s %10s %6s %11s %9s %8s %9s %10s %8s %8s %6s%n";

  GoodputReport {
    loads = List.copyOf(loads);
  }

  /** Whether the guests found all that they received right. */
  boolean verified() {
    return loads.stream().allMatch(load -> load.faults() == 0);
  }

  void print(PrintWriter out) {
    out.printf(
        "%n%d rounds of %d s without and %d s with snapshots (%s), %s%n",
        plan.rounds(),
        plan.windowSeconds(),
        plan.windowSeconds(),
        mode(),
        plan.everySeconds() == 0
            ? "one after another"
            : "one every " + plan.everySeconds() + " s where it goes");
    out.printf(
        ROW,
        "bytes/s",
        "without",
        "with",
        "ratio",
        "half",
        "time-outs",
        "resent",
        "snapshots",
        "in rounds",
        "whole ms",
        "pause ms",
        "faults");
    for (LoadResult load : loads) {
      out.printf(
          ROW,
          load.rate(),
          number("%.2f MB/s", LoadResult.median(load.without(), Window::bytesPerSecond) / 1e6),
          number("%.2f MB/s", LoadResult.median(load.with(), Window::bytesPerSecond) / 1e6),
          number("%.2f", LoadResult.median(load.ratios())),
          number("%.2f", lowerQuartile(load)) + " - " + number("%.2f", upperQuartile(load)),
          pair(load, true),
          pair(load, false),
          load.snapshots().size(),
          inRounds(load) + " of " + captures(load),
          number("%.0f", wholeMillis(load)),
          number("%.1f", pauseMillis(load)),
          load.faults());
    }
    out.printf(
        "%ngoodput: verified bytes that both guests together received, by this machine's clock;"
            + " medians.%nratio: of a window with snapshots to the other one of its round, median;"
            + " half: where the middle half%nof the ratios lies. time-outs, resent: of the guests'"
            + " kernels, all windows without + with snapshots.%nin rounds: captures so, of all."
            + " whole: from order to seal; pause: the longest of a snapshot's; medians.%nfaults:"
            + " what the guests found wrong.%n");
    out.flush();
  }

  private String mode() {
    return plan.mode().name().toLowerCase(Locale.ROOT);
  }

  private static String pair(LoadResult load, boolean timeouts) {
    return sum(load.without(), timeouts) + " + " + sum(load.with(), timeouts);
  }

  private static long sum(List<Window> windows, boolean timeouts) {
    return windows.stream().mapToLong(w -> timeouts ? w.timeouts() : w.resent()).sum();
  }

  private static double lowerQuartile(LoadResult load) {
    return LoadResult.quantile(load.ratios(), 0.25);
  }

  private static double upperQuartile(LoadResult load) {
    return LoadResult.quantile(load.ratios(), 0.75);
  }

  private static int inRounds(LoadResult load) {
    return load.snapshots().stream().mapToInt(TakenSnapshot::inRounds).sum();
  }

  private static int captures(LoadResult load) {
    return load.snapshots().stream().mapToInt(TakenSnapshot::captures).sum();
  }

  private static double wholeMillis(LoadResult load) {
    return LoadResult.median(load.snapshots().stream().map(TakenSnapshot::millis).toList());
  }

  private static double pauseMillis(LoadResult load) {
    return LoadResult.median(load.snapshots().stream().map(TakenSnapshot::pauseMaxMillis).toList());
  }

  private static String number(String format, double value) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, format, value);
  }

  void writeJson(Path file) throws IOException {
    JSON.writeValue(file.toFile(), json());
  }

  ObjectNode json() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("benchmark", "goodput").put("rounds", plan.rounds());
    json.put("windowSeconds", plan.windowSeconds()).put("everySeconds", plan.everySeconds());
    json.put("warmUpSnapshots", plan.warmUps()).put("mode", mode());
    json.put("cpus", Runtime.getRuntime().availableProcessors()).put("verified", verified());
    var array = json.putArray("loads");
    for (LoadResult load : loads) {
      ObjectNode node = array.addObject().put("bytesPerSecond", load.rate());
      node.put("ratio", LoadResult.median(load.ratios())).put("faults", load.faults());
      node.put("lowerQuartile", lowerQuartile(load)).put("upperQuartile", upperQuartile(load));
      node.put("captures", captures(load)).put("capturesInRounds", inRounds(load));
      node.put("snapshotMs", wholeMillis(load)).put("pauseMs", pauseMillis(load));
      node.set("without", json(load.without()));
      node.set("with", json(load.with()));
    }
    return json;
  }

  private static ObjectNode json(List<Window> windows) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("bytesPerSecond", LoadResult.median(windows, Window::bytesPerSecond));
    json.put("timeouts", sum(windows, true)).put("resent", sum(windows, false));
    var rounds = json.putArray("rounds");
    for (Window window : windows) {
      rounds
          .addObject()
          .put("bytesPerSecond", window.bytesPerSecond())
          .put("timeouts", window.timeouts())
          .put("resent", window.resent())
          .put("snapshots", window.snapshots().size())
          .put("partOfTimeInSnapshots", window.busyPart());
    }
    return json;
  }
}
