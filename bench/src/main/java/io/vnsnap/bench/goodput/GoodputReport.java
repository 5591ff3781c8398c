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
  private static final String ROW = "%-12s %10s %10s %7s %10s %10s %9s %9s %9s %7s%n";

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
        "time-outs",
        "resent",
        "snapshots",
        "whole ms",
        "pause ms",
        "faults");
    for (LoadResult load : loads) {
      out.printf(
          ROW,
          load.rate(),
          number("%.2f MB/s", LoadResult.median(load.without(), Window::bytesPerSecond) / 1e6),
          number("%.2f MB/s", LoadResult.median(load.with(), Window::bytesPerSecond) / 1e6),
          number("%.2f", load.ratio()),
          pair(load, true),
          pair(load, false),
          load.snapshots().size(),
          number("%.0f", wholeMillis(load)),
          number("%.1f", pauseMillis(load)),
          load.faults());
    }
    out.printf(
        "%ngoodput: verified bytes that both guests together received, by this machine's clock;"
            + " medians.%nratio: of a window with snapshots to the one before it, median."
            + " time-outs, resent: of the guests'%nkernels, all windows without + with snapshots."
            + " whole: from order to seal; pause: the longest of a%nsnapshot's; medians."
            + " faults: what the guests found wrong.%n");
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
      node.put("ratio", load.ratio()).put("faults", load.faults());
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
