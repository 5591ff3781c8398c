package io.vnsnap.bench.restore;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.bench.Cleanup;
import io.vnsnap.bench.pause.GuestLoad;
import io.vnsnap.bench.qemu.Console;
import io.vnsnap.bench.vm.BenchHost;
import io.vnsnap.vm.qemu.QemuMachine;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * The measurements with one guest after the other: it is captured into the store, then stopped and
 * written to a file by QEMU, and ended; then brought back in all ways by turns. The first turn
 * reads everything into the caches, tells the store what a lazy start needs first, and is not
 * counted.
 */
final class RestoreRun {
  private static final Duration DEADLINE = Duration.ofMinutes(5);
  private static final long POLL_MILLIS = 10;

  private final int rounds;
  private final Path folder;
  private final Cleanup cleanup;
  private final PrintWriter progress;

  RestoreRun(int rounds, Path folder, Cleanup cleanup, PrintWriter progress) {
    this.rounds = rounds;
    this.folder = folder;
    this.cleanup = cleanup;
    this.progress = progress;
  }

  RestoreReport measure(List<GuestLoad> loads)
      throws BenchmarkException, IOException, InterruptedException {
    List<RestoreReport.Guest> guests = new ArrayList<>();
    for (GuestLoad load : loads) {
      Path own = Files.createDirectory(folder.resolve("m" + load.memoryMib()));
      guests.add(measure(load, own, new BenchHost(own, cleanup)));
    }
    return new RestoreReport(rounds, guests);
  }

  private RestoreReport.Guest measure(GuestLoad load, Path own, BenchHost host)
      throws BenchmarkException, IOException, InterruptedException {
    Path file = own.resolve("stream");
    QemuMachine machine = host.boot(load);
    List<String> commandLine = BenchHost.commandLine(machine);
    Path original = Objects.requireNonNull(machine.consoleSocket().getParent());
    BenchHost.Taken taken;
    try (Console console = Console.connect(machine.consoleSocket())) {
      load.awaitLoaded(console);
      taken = host.capture(machine, "s1");
      load.awaitRested(console);
    }
    writeFile(machine, file);
    Void unused = BenchHost.await(machine.kill());
    List<Way> ways =
        List.of(
            new FromStore(host, load, taken),
            new FromFile(commandLine, original, file, own, load, cleanup),
            new LazilyFromStore(host, load, taken));
    return new RestoreReport.Guest(load, taken, Files.size(file), measure(load, ways));
  }

  private List<RestoreReport.WayResult> measure(GuestLoad load, List<Way> ways)
      throws BenchmarkException, IOException, InterruptedException {
    List<List<Way.Restored>> all = new ArrayList<>();
    ways.forEach(way -> all.add(new ArrayList<>()));
    for (int round = 0; round <= rounds; round++) {
      for (int turn = 0; turn < ways.size(); turn++) {
        // In another order each time: what one leaves behind is not always the same one's to bear.
        int i = (round + turn) % ways.size();
        Way way = ways.get(i);
        Way.Restored restored = way.measure();
        if (round > 0) {
          all.get(i).add(restored);
        }
        progress.printf(
            "%d MiB  %-6s round %d of %d: running after %.0f ms, answered after %.0f ms%n",
            load.memoryMib(),
            way.name(),
            round,
            rounds,
            restored.runningMillis(),
            restored.answeredMillis());
        progress.flush();
      }
    }
    List<RestoreReport.WayResult> results = new ArrayList<>();
    for (int i = 0; i < ways.size(); i++) {
      Way way = ways.get(i);
      results.add(new RestoreReport.WayResult(way.name(), way.description(), all.get(i)));
    }
    return results;
  }

  private static void writeFile(QemuMachine machine, Path file)
      throws BenchmarkException, InterruptedException {
    ObjectNode none = JsonNodeFactory.instance.objectNode();
    long unusedAt = BenchHost.await(machine.pause());
    var unused =
        BenchHost.await(
            machine.execute(
                "migrate", JsonNodeFactory.instance.objectNode().put("uri", "exec:cat > " + file)));
    long end = System.nanoTime() + DEADLINE.toNanos();
    String status = "";
    while (!status.equals("completed")) {
      if (System.nanoTime() > end || status.equals("failed")) {
        throw new BenchmarkException("QEMU did not write its state to a file: " + status);
      }
      Thread.sleep(POLL_MILLIS);
      status = BenchHost.await(machine.execute("query-migrate", none)).path("status").asText();
    }
  }
}
