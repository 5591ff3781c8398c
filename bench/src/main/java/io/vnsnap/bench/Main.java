package io.vnsnap.bench;

import io.vnsnap.bench.capture.CaptureCommand;
import io.vnsnap.bench.gate.GateCommand;
import io.vnsnap.bench.gate.PeerCommand;
import io.vnsnap.bench.goodput.GoodputCommand;
import io.vnsnap.bench.pause.PauseCommand;
import io.vnsnap.bench.restore.RestoreCommand;
import io.vnsnap.bench.store.StoreCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code vnsnap bench}: a subcommand for each benchmark. */
@Command(
    name = "bench",
    description = "Measures VNsnap beside what it is compared with, in one run on one machine.",
    subcommands = {
      PauseCommand.class,
      CaptureCommand.class,
      RestoreCommand.class,
      GateCommand.class,
      GoodputCommand.class,
      StoreCommand.class,
      PeerCommand.class
    },
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "BENCHMARK")
public final class Main {

  private Main() {}

  /** Runs a benchmark and ends the process: 0 measured, 1 failed, 2 wrong usage. */
  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }

  static CommandLine commandLine() {
    return new CommandLine(new Main())
        .setExecutionExceptionHandler((failure, command, parsed) -> {
          command.getErr().println("bench: " + failure.getMessage());
          return command.getCommandSpec().exitCodeOnExecutionException();
        });
  }
}
