package io.vnsnap.bench.capture;

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
import java.util.Locale;

/**
 * The measurements with one guest after the other: by turns a window in which it is left alone, and
 * one in which a capture begins as soon as the one before is stored. The first capture, which finds
 * an empty store, is told of by itself.
 */
final class CaptureRun {
  private final int rounds;
  private final Duration window;
  private final Path folder;
  private final Cleanup cleanup;
  private final PrintWriter progress;

  CaptureRun(int rounds, Duration window, Path folder, Cleanup cleanup, PrintWriter progress) {
    this.rounds = rounds;
    this.window = window;
    this.folder = folder;
    this.cleanup = cleanup;
    this.progress = progress;
  }

  CaptureReport measure(List<GuestLoad> loads)
      throws BenchmarkException, IOException, InterruptedException {
    List<CaptureReport.Guest> guests = new ArrayList<>();
    for (int i = 0; i < loads.size(); i++) {
      Path own = Files.createDirectory(folder.resolve("g" + i));
      guests.add(measure(loads.get(i), new BenchHost(own, cleanup)));
    }
    return new CaptureReport(rounds, window.toMillis() / 1e3, guests);
  }

  private CaptureReport.Guest measure(GuestLoad load, BenchHost host)
      throws BenchmarkException, IOException, InterruptedException {
    QemuMachine machine = host.boot(load);
    Console console = Console.connect(machine.consoleSocket());
    load.awaitLoaded(console);
    List<CaptureReport.Round> results = new ArrayList<>();
    BenchHost.Taken first;
    try (WriteMeter meter = new WriteMeter(console)) {
      double unusedWarmUp = alone(meter);
      long begun = System.nanoTime();
      first = host.capture(machine, "first");
      double firstRate = meter.rate(begun, System.nanoTime());
      host.discard(first);
      for (int round = 1; round <= rounds; round++) {
        double alone = alone(meter);
        results.add(captured(host, machine, meter, alone, round));
        tell(load, results.getLast(), round);
      }
      Void unused = BenchHost.await(machine.kill());
      return new CaptureReport.Guest(load, first, firstRate, results);
    }
  }

  private double alone(WriteMeter meter) throws BenchmarkException, InterruptedException {
    long from = System.nanoTime();
    Thread.sleep(window.toMillis());
    return meter.rate(from, System.nanoTime());
  }

  private CaptureReport.Round captured(
      BenchHost host, QemuMachine machine, WriteMeter meter, double alone, int round)
      throws BenchmarkException, IOException, InterruptedException {
    List<BenchHost.Taken> captures = new ArrayList<>();
    long from = System.nanoTime();
    while (System.nanoTime() - from < window.toNanos()) {
      captures.add(host.capture(machine, "r" + round + "-" + captures.size()));
    }
    double rate = meter.rate(from, System.nanoTime());
    for (BenchHost.Taken taken : captures) {
      host.discard(taken);
    }
    return new CaptureReport.Round(alone, rate, captures);
  }

  private void tell(GuestLoad load, CaptureReport.Round round, int number) {
    progress.printf(
        Locale.ROOT,
        "%d MiB  round %d of %d: %.1f MiB/s alone, %.1f MiB/s during %d captures%n",
        load.memoryMib(),
        number,
        rounds,
        round.aloneMibPerSecond(),
        round.capturedMibPerSecond(),
        round.captures().size());
    progress.flush();
  }
}
