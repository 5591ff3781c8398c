package io.vnsnap.bench.store;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/**
 * What was measured, for people and for programs.
 *
 * @param imageBytes length of the image
 * @param rounds figures of which those are the medians
 * @param ways each with its median by time
 * @param memory of the JVM with the store, the most of all rounds
 * @param stalledSeconds the most that a first image waited for the stage
 */
record StoreReport(
    long imageBytes, int rounds, Map<Way, Measured> ways, Memory memory, double stalledSeconds) {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private static final double MIB = 1048576.0;

  /**
   * Peaks.
   *
   * @param heapMib garbage included
   * @param offHeapMib direct buffers: stage, tables, cache
   */
  record Memory(double heapMib, double offHeapMib) {}

  StoreReport {
    ways = Map.copyOf(ways);
  }

  private Measured of(Way way) {
    Measured measured = ways.get(way);
    if (measured == null) {
      throw new IllegalStateException(way + " was not measured");
    }
    return measured;
  }

  /** The store's rate of taking the first image over that of {@code zstd -1 -T2}. */
  double ingestToZstd() {
    return of(Way.ZSTD).seconds() / of(Way.STORE).seconds();
  }

  /** What the store takes over what {@code zstd -1} takes. */
  double bytesToZstd() {
    return (double) of(Way.STORE).storedBytes() / of(Way.ZSTD).storedBytes();
  }

  /** Time of the second image over that of the first. */
  double secondTime() {
    return of(Way.STORE_SECOND).seconds() / of(Way.STORE).seconds();
  }

  /** Bytes of the second image over those of the first. */
  double secondBytes() {
    return (double) of(Way.STORE_SECOND).storedBytes() / of(Way.STORE).storedBytes();
  }

  void print(PrintWriter out) {
    out.printf(
        Locale.ROOT,
        "%nImage of %,.0f MiB, median of %d rounds; durable, files cached%n",
        imageBytes / MIB,
        rounds);
    out.printf("%-22s %9s %9s %9s %12s%n", "", "MB/s", "s", "s CPU", "stored MiB");
    for (Way way : Way.values()) {
      Measured measured = of(way);
      out.printf(
          Locale.ROOT,
          "%-22s %,9.0f %9.2f %9.2f %,12.1f%n",
          way.key,
          measured.megabytesPerSecond(imageBytes),
          measured.seconds(),
          measured.cpuSeconds(),
          measured.storedBytes() / MIB);
    }
    out.printf(
        Locale.ROOT,
        "%nstore to zstd -1 -T2: %.2f of its rate, %.2f of its bytes. Second image: %.1f %% of the"
            + " time, %.2f %% of the bytes.%nHeap %.0f MiB, off heap %.0f MiB at most; waited %.2f"
            + " s for the stage.%n",
        ingestToZstd(),
        bytesToZstd(),
        100 * secondTime(),
        100 * secondBytes(),
        memory.heapMib,
        memory.offHeapMib,
        stalledSeconds);
    out.flush();
  }

  void writeJson(Path file) throws IOException {
    JSON.writeValue(file.toFile(), json());
  }

  ObjectNode json() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("benchmark", "store").put("rounds", rounds).put("imageBytes", imageBytes);
    json.put("cpus", Runtime.getRuntime().availableProcessors());
    for (Way way : Way.values()) {
      Measured measured = of(way);
      json.putObject(way.key)
          .put("megabytesPerSecond", measured.megabytesPerSecond(imageBytes))
          .put("seconds", measured.seconds())
          .put("cpuSeconds", measured.cpuSeconds())
          .put("bytes", measured.storedBytes());
    }
    json.put("ingestToZstd", ingestToZstd()).put("bytesToZstd", bytesToZstd());
    json.put("secondTime", secondTime()).put("secondBytes", secondBytes());
    json.put("heapPeakMib", memory.heapMib).put("offHeapPeakMib", memory.offHeapMib);
    json.put("stalledSeconds", stalledSeconds);
    return json;
  }
}
