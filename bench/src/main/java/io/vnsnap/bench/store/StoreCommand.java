package io.vnsnap.bench.store;

import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.bench.Cleanup;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code vnsnap bench store}. */
@Command(
    name = "store",
    mixinStandardHelpOptions = true,
    description = {
      "How fast an image goes into the page store and comes back, and what it and a second one with",
      "2 % of its pages changed take there, beside cat and zstd -1 -T2 on the same bytes."
    })
public final class StoreCommand implements Callable<Integer> {
  private static final int MAX_ROUNDS = 100;
  private static final int MIN_MIB = 16;
  private static final int MAX_MIB = 8191;

  @Option(names = "--json", paramLabel = "FILE", description = "Write all figures to this file.")
  private @Nullable Path json;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "How often each is measured (default: ${DEFAULT-VALUE}).")
  private int rounds = 3;

  @Option(
      names = "--size",
      paramLabel = "MIB",
      description =
          "Length of the image (default: ${DEFAULT-VALUE}); takes three times that on disk.")
  private int mib = 2048;

  @Spec private @Nullable CommandSpec spec;

  /** For picocli. */
  public StoreCommand() {}

  @Override
  public Integer call() throws BenchmarkException, IOException, InterruptedException {
    CommandSpec command = Objects.requireNonNull(spec);
    PrintWriter out = command.commandLine().getOut();
    check(command, rounds >= 1 && rounds <= MAX_ROUNDS, "--rounds takes 1 to " + MAX_ROUNDS);
    check(command, mib >= MIN_MIB && mib <= MAX_MIB, "--size takes " + MIN_MIB + " to " + MAX_MIB);
    StoreReport report;
    try (Cleanup cleanup = new Cleanup()) {
      report = new StoreRun(rounds, mib, out).measure(cleanup);
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
