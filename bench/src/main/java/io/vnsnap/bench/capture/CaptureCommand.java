package io.vnsnap.bench.capture;

import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.bench.Cleanup;
import io.vnsnap.bench.pause.GuestLoad;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code vnsnap bench capture}. */
@Command(
    name = "capture",
    mixinStandardHelpOptions = true,
    description = {
      "How much of its rate a guest that writes to its memory keeps while it is captured into the",
      "store, one instant capture after the other. Needs the guest kit (VNSNAP_GUEST)."
    })
public final class CaptureCommand implements Callable<Integer> {
  private static final int MAX_ROUNDS = 1000;
  private static final int MAX_SECONDS = 600;

  @Option(names = "--json", paramLabel = "FILE", description = "Write all figures to this file.")
  private @Nullable Path json;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "Pairs of windows without and with captures (default: ${DEFAULT-VALUE}).")
  private int rounds = 3;

  @Option(
      names = "--window",
      paramLabel = "S",
      description = "Seconds of each window (default: ${DEFAULT-VALUE}).")
  private int seconds = 10;

  @Option(
      names = "--memory",
      paramLabel = "MIB",
      description = "Size of the guest; 60 %% of it is filled (default: ${DEFAULT-VALUE}).")
  private int memoryMib = 512;

  @Option(
      names = "--dirty",
      split = ",",
      paramLabel = "MIB",
      description = "MiB the guest is to rewrite per second, one guest each (default: 20,100).")
  private List<Integer> dirtyMib = List.of(20, 100);

  @Spec private @Nullable CommandSpec spec;

  /** For picocli. */
  public CaptureCommand() {}

  @Override
  public Integer call() throws BenchmarkException, IOException, InterruptedException {
    CommandSpec command = Objects.requireNonNull(spec);
    PrintWriter out = command.commandLine().getOut();
    check(command, rounds >= 1 && rounds <= MAX_ROUNDS, "--rounds takes 1 to " + MAX_ROUNDS);
    check(command, seconds >= 1 && seconds <= MAX_SECONDS, "--window takes 1 to " + MAX_SECONDS);
    List<GuestLoad> loads = new ArrayList<>();
    for (int dirty : dirtyMib) {
      check(command, dirty >= 1, "--dirty takes 1 or more");
      loads.add(GuestLoad.of(GuestLoad.kitOfEnvironment(), memoryMib, dirty));
    }
    CaptureReport report;
    try (Cleanup cleanup = new Cleanup()) {
      Path folder = cleanup.temporaryFolder("vnbench");
      report =
          new CaptureRun(rounds, Duration.ofSeconds(seconds), folder, cleanup, out).measure(loads);
    }
    report.print(out);
    if (json != null) {
      report.writeJson(json);
    }
    return 0;
  }

  private static void check(CommandSpec command, boolean right, String message) {
    if (!right) {
      throw new ParameterException(command.commandLine(), message);
    }
  }
}
