package io.vnsnap.bench.gate;

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
 * @param rounds figures of each route
 * @param sizes in the order of the command line
 */
record GateReport(int rounds, List<SizeResult> sizes) {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private static final String ROW = "%-22s %11s %7s %7s %9s %9s %9s %9s %9s%n";

  GateReport {
    sizes = List.copyOf(sizes);
  }

  void print(PrintWriter out) {
    for (SizeResult size : sizes) {
      out.printf("%n%d-byte frames, %d rounds%n", size.length(), rounds);
      out.printf(
          ROW,
          "",
          "frames/s",
          "Gbit/s",
          "ratio",
          "ns CPU",
          "B heap",
          "p50 us",
          "p99 us",
          "+p50/p99");
      for (int i = 0; i < size.routes().size(); i++) {
        print(out, size.length(), size.routes().get(i), size.baseline(i));
      }
    }
    out.printf(
        "%nratio: rate over that of the plain relay, and of a recording gate over the same gate's"
            + " that does not; median of the rounds.%nns CPU, B heap: of the event loops, per"
            + " frame. p50, p99: from guest to guest, one frame at a time;%n+p50/p99: more than"
            + " the plain relay.%n");
    out.flush();
  }

  private static void print(PrintWriter out, int length, RouteResult route, RouteResult baseline) {
    out.printf(
        ROW,
        route.route(),
        String.format(Locale.ROOT, "%,.0f", route.median()),
        number("%.2f", route.gigabitsPerSecond(length)),
        number("%.2f", route.ratioTo(baseline)),
        number("%.0f", route.cpuNanos()),
        number("%.2f", route.allocatedBytes()),
        number("%.0f", route.latency().p50()),
        number("%.0f", route.latency().p99()),
        number("%.0f", route.latency().p50() - baseline.latency().p50())
            + "/"
            + number("%.0f", route.latency().p99() - baseline.latency().p99()));
  }

  private static String number(String format, double value) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, format, value);
  }

  void writeJson(Path file) throws IOException {
    JSON.writeValue(file.toFile(), json());
  }

  ObjectNode json() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("benchmark", "gate").put("rounds", rounds);
    json.put("cpus", Runtime.getRuntime().availableProcessors());
    var array = json.putArray("sizes");
    for (SizeResult size : sizes) {
      ObjectNode node = array.addObject().put("frameBytes", size.length());
      ObjectNode routes = node.putObject("routes");
      for (int i = 0; i < size.routes().size(); i++) {
        RouteResult route = size.routes().get(i);
        routes.set(route.route(), json(size, route, size.baseline(i)));
      }
    }
    return json;
  }

  private static ObjectNode json(SizeResult size, RouteResult route, RouteResult baseline) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("framesPerSecond", route.median());
    json.put("gigabitsPerSecond", route.gigabitsPerSecond(size.length()));
    json.put("comparedWith", baseline.route()).put("ratio", route.ratioTo(baseline));
    json.put("cpuNanosPerFrame", route.cpuNanos());
    json.put("heapBytesPerFrame", route.allocatedBytes());
    if (route.latency().isMeasured()) {
      json.putObject("latencyMicros")
          .put("p50", route.latency().p50())
          .put("p99", route.latency().p99())
          .put("addedP50", route.latency().p50() - baseline.latency().p50())
          .put("addedP99", route.latency().p99() - baseline.latency().p99());
    }
    var each = json.putArray("roundsFramesPerSecond");
    route.framesPerSecond().forEach(each::add);
    return json;
  }
}
