package io.vnsnap.bench.pause;

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

/** {@code vnsnap bench pause}. */
@Command(
    name = "pause",
    mixinStandardHelpOptions = true,
    description = {
      "How long a guest stands still while its state is taken, by QEMU's own timestamps:",
      "VNsnap (INSTANT and ROUNDS), stop and copy, live migration, snapshot-save. Needs the guest kit (VNSNAP_GUEST)."
    })
public final class PauseCommand implements Callable<Integer> {
  private static final int MAX_ROUNDS = 1000;

  @Option(names = "--json", paramLabel = "FILE", description = "Write all figures to this file.")
  private @Nullable Path json;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "Measurements of each way (default: ${DEFAULT-VALUE}).")
  private int rounds = 5;

  @Option(
      names = "--memory",
      split = ",",
      paramLabel = "MIB",
      description = "Sizes of guests; 60 %% of each is filled (default: 128,512).")
  private List<Integer> memoryMib = List.of(128, 512);

  @Option(
      names = "--dirty",
      paramLabel = "MIB",
      description = "MiB the guest rewrites per second (default: ${DEFAULT-VALUE}).")
  private int dirtyMib = 20;

  @Option(names = "--ours", description = "Measure VNsnap's own two ways only: INSTANT and ROUNDS.")
  private boolean ours;

  @Spec private @Nullable CommandSpec spec;

  /** For picocli. */
  public PauseCommand() {}

  @Override
  public Integer call() throws BenchmarkException, IOException, InterruptedException {
    CommandSpec command = Objects.requireNonNull(spec);
    PrintWriter out = command.commandLine().getOut();
    check(command, rounds >= 1 && rounds <= MAX_ROUNDS, "--rounds takes 1 to " + MAX_ROUNDS);
    check(command, dirtyMib >= 0, "--dirty takes 0 or more");
    PauseReport report;
    try (Cleanup cleanup = new Cleanup()) {
      Path folder = cleanup.temporaryFolder("vnsnap-bench");
      report = new PauseRun(rounds, !ours, folder, cleanup, out).measure(loads());
    }
    report.print(out);
    if (json != null) {
      report.writeJson(json);
    }
    return report.complete() ? 0 : 1;
  }

  private List<GuestLoad> loads() throws BenchmarkException {
    Path kit = GuestLoad.kitOfEnvironment();
    List<GuestLoad> loads = new ArrayList<>();
    for (int memory : memoryMib) {
      loads.add(GuestLoad.of(kit, memory, dirtyMib));
    }
    return loads;
  }

  private static void check(CommandSpec command, boolean right, String message) {
    if (!right) {
      throw new ParameterException(command.commandLine(), message);
    }
  }
}
