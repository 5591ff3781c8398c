package io.vnsnap.bench.restore;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vnsnap.bench.pause.GuestLoad;
import io.vnsnap.bench.vm.BenchHost;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * What was measured, for people and for programs.
 *
 * @param rounds measurements of each way
 * @param guests in the order of the command line
 */
record RestoreReport(int rounds, List<Guest> guests) {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  RestoreReport {
    guests = List.copyOf(guests);
  }

  /**
   * All measurements with one guest.
   *
   * @param load what ran in it
   * @param taken its capture into the store
   * @param fileBytes of QEMU's own file
   * @param ways the store first, QEMU's own file second, lazily from the store third
   */
  record Guest(GuestLoad load, BenchHost.Taken taken, long fileBytes, List<WayResult> ways) {
    Guest {
      ways = List.copyOf(ways);
    }

    /** How many times longer than from a file a way's median is. */
    double ratio(WayResult way) {
      return way.medianMillis() / ways.get(1).medianMillis();
    }
  }

  /**
   * All measurements of one way with one guest.
   *
   * @param rounds in their order
   */
  record WayResult(String name, String description, List<Way.Restored> rounds) {
    WayResult {
      rounds = List.copyOf(rounds);
    }

    List<Double> runningMillis() {
      return rounds.stream().map(Way.Restored::runningMillis).toList();
    }

    List<Double> answeredMillis() {
      return rounds.stream().map(Way.Restored::answeredMillis).toList();
    }

    double medianMillis() {
      return median(runningMillis());
    }

    double medianAnsweredMillis() {
      return median(answeredMillis());
    }

    private static double median(List<Double> millis) {
      double[] sorted = millis.stream().mapToDouble(Double::doubleValue).sorted().toArray();
      if (sorted.length == 0) {
        return Double.NaN;
      }
      int middle = sorted.length / 2;
      return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
  }

  void print(PrintWriter out) {
    for (Guest guest : guests) {
      out.printf(
          Locale.ROOT,
          "%n%d MiB guest, %d MiB filled; stored in %.0f ms, %.0f MiB added; its file has %.0f MiB%n",
          guest.load().memoryMib(),
          guest.load().fillMib(),
          guest.taken().wholeMillis(),
          mib(guest.taken().image().getAddedBytes()),
          mib(guest.fileBytes()));
      for (WayResult way : guest.ways()) {
        out.printf(
            Locale.ROOT,
            "%-8s running after %6.0f ms  (%s)  %.2f of file; answered after %6.0f ms  (%s)  %s%n",
            way.name(),
            way.medianMillis(),
            rounds(way.runningMillis()),
            guest.ratio(way),
            way.medianAnsweredMillis(),
            rounds(way.answeredMillis()),
            way.description());
      }
    }
    out.flush();
  }

  private static String rounds(List<Double> all) {
    return String.join(
        " ", all.stream().map(millis -> String.format(Locale.ROOT, "%.0f", millis)).toList());
  }

  private static double mib(long bytes) {
    return bytes / (double) (1 << 20);
  }

  void writeJson(Path file) throws IOException {
    JSON.writeValue(file.toFile(), json());
  }

  ObjectNode json() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("benchmark", "restore").put("rounds", rounds);
    json.put("cpus", Runtime.getRuntime().availableProcessors());
    var array = json.putArray("guests");
    for (Guest guest : guests) {
      ObjectNode node = array.addObject();
      node.put("memoryMib", guest.load().memoryMib()).put("filledMib", guest.load().fillMib());
      BenchHost.Taken taken = guest.taken();
      node.put("capturePauseMs", taken.pauseMillis()).put("captureWholeMs", taken.wholeMillis());
      node.put("imageBytes", taken.image().getBytes());
      node.put("addedBytes", taken.image().getAddedBytes()).put("fileBytes", guest.fileBytes());
      ObjectNode ways = node.putObject("ways");
      for (WayResult way : guest.ways()) {
        ObjectNode each = ways.putObject(way.name()).put("description", way.description());
        each.put("runningMs", way.medianMillis()).put("ratio", guest.ratio(way));
        var rounds = each.putArray("roundsMs");
        way.runningMillis().forEach(rounds::add);
        each.put("answeredMs", way.medianAnsweredMillis());
        var answers = each.putArray("answeredRoundsMs");
        way.answeredMillis().forEach(answers::add);
      }
    }
    return json;
  }
}
