package io.vnsnap.bench.restore;

import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.bench.Cleanup;
import io.vnsnap.bench.pause.GuestLoad;
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

/** {@code vnsnap bench restore}. */
@Command(
    name = "restore",
    mixinStandardHelpOptions = true,
    description = {
      "How soon a guest runs and answers again from the store, loaded in full and lazily, beside",
      "QEMU's -incoming \"exec:cat file\" with a file of the same guest; all cached. Needs the guest",
      "kit (VNSNAP_GUEST)."
    })
public final class RestoreCommand implements Callable<Integer> {
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
      description = "Sizes of guests; 60 %% of each is filled (default: 128,1024,4096).")
  private List<Integer> memoryMib = List.of(128, 1024, 4096);

  @Option(
      names = "--dirty",
      paramLabel = "MIB",
      description = "MiB the guest rewrites per second (default: ${DEFAULT-VALUE}).")
  private int dirtyMib = 5;

  @Spec private @Nullable CommandSpec spec;

  /** For picocli. */
  public RestoreCommand() {}

  @Override
  public Integer call() throws BenchmarkException, IOException, InterruptedException {
    CommandSpec command = Objects.requireNonNull(spec);
    PrintWriter out = command.commandLine().getOut();
    check(command, rounds >= 1 && rounds <= MAX_ROUNDS, "--rounds takes 1 to " + MAX_ROUNDS);
    check(command, dirtyMib >= 0, "--dirty takes 0 or more");
    List<GuestLoad> loads = new ArrayList<>();
    for (int memory : memoryMib) {
      loads.add(GuestLoad.of(GuestLoad.kitOfEnvironment(), memory, dirtyMib));
    }
    RestoreReport report;
    try (Cleanup cleanup = new Cleanup()) {
      Path folder = cleanup.temporaryFolder("vnbench");
      report = new RestoreRun(rounds, folder, cleanup, out).measure(loads);
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
