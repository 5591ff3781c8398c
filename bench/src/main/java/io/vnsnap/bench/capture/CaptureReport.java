package io.vnsnap.bench.capture;

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
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;

/**
 * What was measured, for people and for programs.
 *
 * @param rounds pairs of windows
 * @param windowSeconds length of a window
 * @param guests in the order of the command line
 */
record CaptureReport(int rounds, double windowSeconds, List<Guest> guests) {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private static final double MICROS_PER_MILLI = 1000;

  CaptureReport {
    guests = List.copyOf(guests);
  }

  /**
   * One pair of windows.
   *
   * @param aloneMibPerSecond what the guest wrote when it was left alone
   * @param capturedMibPerSecond what it wrote while it was captured
   * @param captures in that window, one after the other
   */
  record Round(
      double aloneMibPerSecond, double capturedMibPerSecond, List<BenchHost.Taken> captures) {
    Round {
      captures = List.copyOf(captures);
    }
  }

  /**
   * All measurements with one guest.
   *
   * @param load what ran in it
   * @param first its first capture
   * @param firstMibPerSecond what it wrote meanwhile
   * @param rounds of later ones
   */
  record Guest(
      GuestLoad load, BenchHost.Taken first, double firstMibPerSecond, List<Round> rounds) {
    Guest {
      rounds = List.copyOf(rounds);
    }

    double aloneMibPerSecond() {
      return median(rounds.stream().mapToDouble(Round::aloneMibPerSecond));
    }

    /** Part of its rate that the guest keeps. */
    double kept() {
      return median(
          rounds.stream().mapToDouble(r -> r.capturedMibPerSecond() / r.aloneMibPerSecond()));
    }

    double median(ToDoubleFunction<BenchHost.Taken> figure) {
      return median(rounds.stream().flatMap(r -> r.captures().stream()).mapToDouble(figure));
    }

    private static double median(DoubleStream values) {
      double[] sorted = values.sorted().toArray();
      if (sorted.length == 0) {
        return Double.NaN;
      }
      int middle = sorted.length / 2;
      return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
  }

  void print(PrintWriter out) {
    for (Guest guest : guests) {
      GuestLoad load = guest.load();
      out.printf(
          Locale.ROOT,
          "%n%d MiB guest, %d MiB filled, asked to rewrite %d MiB/s: %.1f MiB/s when left alone%n",
          load.memoryMib(),
          load.fillMib(),
          load.dirtyMib(),
          guest.aloneMibPerSecond());
      row(
          out,
          "first capture",
          guest.firstMibPerSecond() / guest.aloneMibPerSecond(),
          guest.first());
      out.printf(
          Locale.ROOT,
          "%-14s keeps %.2f of its rate; pause %.1f ms, stored after %.0f ms, %.1f MiB added,"
              + " stalled %.0f ms (medians)%n",
          "later ones",
          guest.kept(),
          guest.median(BenchHost.Taken::pauseMillis),
          guest.median(BenchHost.Taken::wholeMillis),
          guest.median(taken -> mib(taken.image().getAddedBytes())),
          guest.median(CaptureReport::stalledMillis));
    }
    out.flush();
  }

  private static void row(PrintWriter out, String what, double kept, BenchHost.Taken taken) {
    out.printf(
        Locale.ROOT,
        "%-14s keeps %.2f of its rate; pause %.1f ms, stored after %.0f ms, %.1f MiB added,"
            + " stalled %.0f ms%n",
        what,
        kept,
        taken.pauseMillis(),
        taken.wholeMillis(),
        mib(taken.image().getAddedBytes()),
        stalledMillis(taken));
  }

  private static double stalledMillis(BenchHost.Taken taken) {
    return taken.image().getStalledUs() / MICROS_PER_MILLI;
  }

  private static double mib(long bytes) {
    return bytes / (double) (1 << 20);
  }

  void writeJson(Path file) throws IOException {
    JSON.writeValue(file.toFile(), json());
  }

  ObjectNode json() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("benchmark", "capture").put("rounds", rounds).put("windowSeconds", windowSeconds);
    json.put("cpus", Runtime.getRuntime().availableProcessors());
    var array = json.putArray("guests");
    for (Guest guest : guests) {
      ObjectNode node = array.addObject();
      node.put("memoryMib", guest.load().memoryMib()).put("filledMib", guest.load().fillMib());
      node.put("dirtyMibPerSecond", guest.load().dirtyMib());
      node.put("aloneMibPerSecond", guest.aloneMibPerSecond());
      ObjectNode first = node.putObject("first");
      first.put("kept", guest.firstMibPerSecond() / guest.aloneMibPerSecond());
      put(first, guest.first());
      ObjectNode later = node.putObject("later").put("kept", guest.kept());
      var rounds = later.putArray("rounds");
      for (Round round : guest.rounds()) {
        ObjectNode each = rounds.addObject();
        each.put("aloneMibPerSecond", round.aloneMibPerSecond());
        each.put("capturedMibPerSecond", round.capturedMibPerSecond());
        var captures = each.putArray("captures");
        round.captures().forEach(taken -> put(captures.addObject(), taken));
      }
    }
    return json;
  }

  private static void put(ObjectNode node, BenchHost.Taken taken) {
    node.put("pauseMs", taken.pauseMillis()).put("wholeMs", taken.wholeMillis());
    node.put("stalledMs", stalledMillis(taken));
    node.put("imageBytes", taken.image().getBytes());
    node.put("addedBytes", taken.image().getAddedBytes());
  }
}
