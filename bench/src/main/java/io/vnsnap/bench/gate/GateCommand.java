package io.vnsnap.bench.gate;

import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.bench.Cleanup;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
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

/** {@code vnsnap bench gate}. */
@Command(
    name = "gate",
    mixinStandardHelpOptions = true,
    description = {
      "How many frames pass port, gate, link, gate and port, beside a plain relay with the same",
      "event loop library: on one host and over the trunk between two JVMs, and while the",
      "receiving gate records, as during a cut that waits for a marker."
    })
public final class GateCommand implements Callable<Integer> {
  private static final int MAX_ROUNDS = 1000;
  private static final int MIN_FRAME = 60;
  private static final int MAX_FRAME = 9000;

  @Option(names = "--json", paramLabel = "FILE", description = "Write all figures to this file.")
  private @Nullable Path json;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "Measurements of each route (default: ${DEFAULT-VALUE}).")
  private int rounds = 5;

  @Option(
      names = "--bursts",
      paramLabel = "N",
      description = "Bursts of about 48 MiB in each measurement (default: ${DEFAULT-VALUE}).")
  private int bursts = 4;

  @Option(
      names = "--frames",
      split = ",",
      paramLabel = "BYTES",
      description = "Lengths of frames (default: 64,512,1514).")
  private List<Integer> lengths = List.of(64, 512, 1514);

  @Spec private @Nullable CommandSpec spec;

  /** For picocli. */
  public GateCommand() {}

  @Override
  public Integer call() throws BenchmarkException, IOException, InterruptedException {
    CommandSpec command = Objects.requireNonNull(spec);
    PrintWriter out = command.commandLine().getOut();
    check(command, rounds >= 1 && rounds <= MAX_ROUNDS, "--rounds takes 1 to " + MAX_ROUNDS);
    check(command, bursts >= 1 && bursts <= MAX_ROUNDS, "--bursts takes 1 to " + MAX_ROUNDS);
    for (int length : lengths) {
      check(
          command,
          length >= MIN_FRAME && length <= MAX_FRAME,
          "--frames takes " + MIN_FRAME + " to " + MAX_FRAME);
    }
    List<SizeResult> sizes = new ArrayList<>();
    try (Cleanup cleanup = new Cleanup()) {
      GateRun run = new GateRun(rounds, bursts, out);
      run.start(cleanup.temporaryFolder("vnsnap-bench"), cleanup);
      for (int length : lengths) {
        sizes.add(run.measure(length));
      }
    }
    GateReport report = new GateReport(rounds, sizes);
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
