package io.vnsnap.simulation;

import java.util.function.ToIntFunction;
import picocli.CommandLine;

/** Starts {@code vnsnap simulate}. */
public final class Main implements ToIntFunction<String[]> {

  /** One that can be started. */
  public Main() {}

  /** Runs the command and ends the process: 0 all was well, 1 a run has failed, 2 wrong usage. */
  public static void main(String[] arguments) {
    System.exit(new Main().applyAsInt(arguments));
  }

  @Override
  public int applyAsInt(String[] arguments) {
    return commandLine().execute(arguments);
  }

  static CommandLine commandLine() {
    return new CommandLine(new SimulateCommand())
        .setCommandName("vnsnap simulate")
        .setExecutionExceptionHandler((failure, command, parsed) -> {
          command.getErr().println("simulate: " + failure.getMessage());
          return command.getCommandSpec().exitCodeOnExecutionException();
        });
  }
}
