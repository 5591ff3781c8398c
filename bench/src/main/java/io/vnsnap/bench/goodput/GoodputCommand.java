package io.vnsnap.bench.goodput;

import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.bench.Cleanup;
import io.vnsnap.proto.CaptureMode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code vnsnap bench goodput}. */
@Command(
    name = "goodput",
    mixinStandardHelpOptions = true,
    description = {
      "How much verified TCP payload two guests on two hosts get from each other without and with",
      "snapshots going on, and how often their kernels sent again. Needs the guest kit",
      "(VNSNAP_GUEST). Exit status 1 if a guest found anything wrong."
    })
public final class GoodputCommand implements Callable<Integer> {
  private static final int MAX_ROUNDS = 1000;
  private static final int MIN_WINDOW = 4;
  private static final int MAX_WINDOW = 3600;
  private static final Map<String, CaptureMode> MODES =
      Map.of(
          "auto", CaptureMode.AUTO, "instant", CaptureMode.INSTANT, "rounds", CaptureMode.ROUNDS);
  private static final Pattern RATE = Pattern.compile("unlimited|[1-9][0-9]{0,8}");

  @Option(names = "--json", paramLabel = "FILE", description = "Write all figures to this file.")
  private @Nullable Path json;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "Windows of each kind (default: ${DEFAULT-VALUE}).")
  private int rounds = 16;

  @Option(
      names = "--window",
      paramLabel = "SECONDS",
      description = "Length of a window (default: ${DEFAULT-VALUE}).")
  private int window = 6;

  @Option(
      names = "--every",
      paramLabel = "SECONDS",
      description =
          "From one snapshot's order to the next one's, if it has been sealed by then; 0: as soon"
              + " as it has (default: ${DEFAULT-VALUE}).")
  private int every = 2;

  @Option(
      names = "--warm-up",
      paramLabel = "N",
      description = "Snapshots before the first window (default: ${DEFAULT-VALUE}).")
  private int warmUps = 60;

  @Option(
      names = "--rate",
      split = ",",
      paramLabel = "BYTES",
      description =
          "Bytes per second that each guest sends, or unlimited (default: unlimited,8000000,2000000).")
  private List<String> rates = List.of("unlimited", "8000000", "2000000");

  @Option(
      names = "--mode",
      paramLabel = "MODE",
      description = "How memory is captured: auto, instant or rounds (default: ${DEFAULT-VALUE}).")
  private String mode = "auto";

  @Spec private @Nullable CommandSpec spec;

  /** For picocli. */
  public GoodputCommand() {}

  @Override
  public Integer call() throws BenchmarkException, IOException, InterruptedException {
    CommandSpec command = Objects.requireNonNull(spec);
    PrintWriter out = command.commandLine().getOut();
    check(rounds >= 1 && rounds <= MAX_ROUNDS, "--rounds takes 1 to " + MAX_ROUNDS);
    check(
        window >= MIN_WINDOW && window <= MAX_WINDOW,
        "--window takes " + MIN_WINDOW + " to " + MAX_WINDOW);
    check(every >= 0 && every <= MAX_WINDOW, "--every takes 0 to " + MAX_WINDOW);
    check(warmUps >= 0 && warmUps <= MAX_ROUNDS, "--warm-up takes 0 to " + MAX_ROUNDS);
    for (String rate : rates) {
      check(RATE.matcher(rate).matches(), "--rate takes unlimited, or 1 to 999999999");
    }
    CaptureMode captures = MODES.get(mode);
    if (captures == null) {
      throw wrong("--mode takes auto, instant or rounds");
    }
    Path kit = kit();
    GoodputRun.Plan plan = new GoodputRun.Plan(rounds, window, every, warmUps, captures);
    List<LoadResult> loads = new ArrayList<>();
    try (Cleanup cleanup = new Cleanup()) {
      // Short, since the paths of sockets below it must be.
      Environment environment = Environment.start(cleanup.temporaryFolder("vnb"), cleanup);
      GoodputRun run = new GoodputRun(plan, environment, kit, cleanup, out);
      for (String rate : rates) {
        loads.add(run.measure(rate));
      }
    }
    GoodputReport report = new GoodputReport(plan, loads);
    report.print(out);
    if (json != null) {
      report.writeJson(json);
    }
    return report.verified() ? 0 : 1;
  }

  private static Path kit() throws BenchmarkException {
    String kit = System.getenv("VNSNAP_GUEST");
    if (kit == null) {
      throw new BenchmarkException("set VNSNAP_GUEST to the folder that guest/build prints");
    }
    for (String file : List.of("vmlinuz", "initramfs.gz")) {
      if (!Files.isReadable(Path.of(kit, file))) {
        throw new BenchmarkException(
            "no %s in %s; set VNSNAP_GUEST to what guest/build prints".formatted(file, kit));
      }
    }
    return Path.of(kit);
  }

  private void check(boolean right, String message) {
    if (!right) {
      throw wrong(message);
    }
  }

  private ParameterException wrong(String message) {
    return new ParameterException(Objects.requireNonNull(spec).commandLine(), message);
  }
}
