package io.vnsnap.simulation;

import io.vnsnap.simulation.Simulation.Result;
import io.vnsnap.simulation.kernel.Trace;
import io.vnsnap.simulation.mutation.Mutation;
import io.vnsnap.simulation.scenario.Tally;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code vnsnap simulate}. */
@Command(
    name = "simulate",
    description =
        "Runs a simulated cluster once for each seed, with crashes, breaks, delays and faults drawn from it,"
            + " and checks what must hold afterwards. The same seed is always the same run.",
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "Exit codes:%n",
    exitCodeList = {"0:all was well", "1:a run has failed", "2:wrong usage"},
    sortOptions = false)
final class SimulateCommand implements Callable<Integer> {
  private static final double NANOS_PER_SECOND = 1e9;
  private static final long PROGRESS_NANOS = 5_000_000_000L;
  private static final int MOST_TRACES = 3;
  private static final Duration LONGEST_LAST_RUN = Duration.ofSeconds(30);

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--seeds",
      required = true,
      paramLabel = "A..B",
      description = "The seeds to run, both ends included; or one seed.")
  private String seeds = "";

  @Option(
      names = "--trace",
      description =
          "Prints what happens, line by line: virtual time in ms, process (machine.life; - is the"
              + " world around), event. For one seed.")
  private boolean trace;

  @Option(
      names = "--mutation",
      paramLabel = "NAME",
      description =
          "Puts a bug into the code first, to see that it is found: ${COMPLETION-CANDIDATES}.",
      completionCandidates = MutationWords.class)
  private String mutation = "";

  @Option(
      names = "--max-failures",
      paramLabel = "N",
      defaultValue = "10",
      description = "Stops after so many failed runs (default: ${DEFAULT-VALUE}).")
  private int maxFailures;

  private long begun;
  private long done;
  private int failures;
  private Tally tally = Tally.NOTHING;
  private volatile boolean interrupted;
  private final CountDownLatch summarized = new CountDownLatch(1);

  /** For the help. */
  static final class MutationWords extends ArrayList<String> {
    private static final long serialVersionUID = 1;

    MutationWords() {
      super(Mutation.words());
    }
  }

  /** What was asked for; throws if that makes no sense. */
  Seeds range() {
    try {
      Seeds range = Seeds.parse(seeds);
      require(
          !trace || range.count() == 1, "--trace is for one seed: write --seeds " + range.first());
      require(maxFailures > 0, "--max-failures: write at least 1");
      return range;
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new ParameterException(spec.commandLine(), otherwise);
    }
  }

  @Override
  public Integer call() throws Exception {
    Seeds range = range();
    if (!mutation.isEmpty()) {
      return Mutants.run(
          Mutation.of(mutation)
              .orElseThrow(() ->
                  new ParameterException(
                      spec.commandLine(),
                      "there is no mutation \"%s\"; write one of %s"
                          .formatted(mutation, String.join(", ", Mutation.words())))),
          seeds,
          trace,
          maxFailures);
    }
    Runtime.getRuntime().addShutdownHook(new Thread(this::interrupt, "interruption"));
    try {
      runAll(spec.commandLine().getOut(), range);
    } finally {
      summarized.countDown();
    }
    return failures == 0 ? 0 : 1;
  }

  /** Lets the run that is under way end, so that what was found so far is told. */
  private void interrupt() {
    interrupted = true;
    try {
      var unused = summarized.await(LONGEST_LAST_RUN.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void runAll(PrintWriter out, Seeds range) {
    Simulation simulation = new Simulation();
    begun = System.nanoTime();
    long shown = begun;
    long seed = range.first();
    for (; seed <= range.last() && failures < maxFailures && !interrupted; seed++) {
      Result result = simulation.run(seed, trace ? printer(out) : null);
      done++;
      tally = tally.plus(result.tally());
      if (result.failed()) {
        failures++;
        report(out, simulation, result);
      }
      if (System.nanoTime() - shown > PROGRESS_NANOS) {
        shown = System.nanoTime();
        out.printf(Locale.ROOT, "seed %d  %s%n", seed, pace());
        out.flush();
      }
    }
    summarize(out, range);
    if (interrupted && seed <= range.last()) {
      out.printf("interrupted; what is left: --seeds %d..%d%n", seed, range.last());
      out.flush();
    }
  }

  private static Trace printer(PrintWriter out) {
    return (nanos, who, what) ->
        out.printf(Locale.ROOT, "%10.3f  %-6s %s%n", nanos / 1e6, who, what);
  }

  /** The run again, with its trace: it is the same. */
  private void report(PrintWriter out, Simulation simulation, Result result) {
    out.printf("FAILED seed %d: %s%n", result.seed(), result.failure());
    if (!trace && failures <= MOST_TRACES) {
      Result again = simulation.run(result.seed(), printer(out));
      if (again.fingerprint() != result.fingerprint()) {
        out.println("the second run of this seed was another one: something is left to chance");
      }
      out.printf("This was seed %d.%n", result.seed());
    }
    out.flush();
  }

  private String pace() {
    double seconds = (System.nanoTime() - begun) / NANOS_PER_SECOND;
    return String.format(Locale.ROOT, "%.1f seeds/s, %d failed", done / seconds, failures);
  }

  private void summarize(PrintWriter out, Seeds range) {
    out.printf(
        "seeds %s: %d run, %s%n"
            + "%d snapshots sealed, %d aborted, %d frames recorded in flight; %d deployments, %d VMs lost%n",
        range,
        done,
        pace(),
        tally.sealed(),
        tally.aborted(),
        tally.recorded(),
        tally.deployments(),
        tally.lost());
    out.flush();
  }
}
