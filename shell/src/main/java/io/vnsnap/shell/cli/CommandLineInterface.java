package io.vnsnap.shell.cli;

import io.vnsnap.shell.render.Plain;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;

/** The command line as a whole: parses, runs, and turns what went wrong into a line and a code. */
public final class CommandLineInterface {
  /** It worked. */
  public static final int OK = 0;

  /** It was tried and failed, or was refused. */
  public static final int FAILED = 1;

  /** What was typed is not a command. */
  public static final int USAGE = 2;

  private final CliContext context;
  private final RootCommand root;
  private final CommandLine commands;

  /** With everything from outside. */
  public CommandLineInterface(CliContext context) {
    this.context = context;
    this.root = new RootCommand(context);
    this.commands =
        new CommandLine(root)
            .addSubcommand(new HostCommand(root))
            .addSubcommand(new CoordinatorCommand(root))
            .addSubcommand(new UpCommand(root))
            .addSubcommand(new DownCommand(root))
            .addSubcommand(new StatusCommand(root))
            .addSubcommand(new HostsCommand(root))
            .addSubcommand(new SnapshotCommand(root))
            .addSubcommand(new CancelCommand(root))
            .addSubcommand(new SnapshotsCommand(root))
            .addSubcommand(new ShowCommand(root))
            .addSubcommand(new DiffCommand(root))
            .addSubcommand(new VerifyCommand(root))
            .addSubcommand(new RestoreCommand(root))
            .addSubcommand(new DeleteCommand(root))
            .addSubcommand(new PruneCommand(root))
            .addSubcommand(new GcCommand(root))
            .addSubcommand(new ScrubCommand(root))
            .addSubcommand(new ExportCommand(root))
            .addSubcommand(new ImportCommand(root))
            .addSubcommand(new ConsoleCommand(root))
            .addSubcommand(new DemoCommand(root))
            .addSubcommand(new VersionCommand(root));
    commands
        .setOut(new PrintWriter(new ScreenWriter(context.screen()), true))
        .setErr(new PrintWriter(context.err(), true, context.err().charset()))
        .setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF))
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpAutoWidth(false)
        .setParameterExceptionHandler((e, args) -> usageError(e))
        .setExecutionExceptionHandler((e, command, parsed) -> failure(e));
  }

  /** Runs a command line; returns its exit code. */
  public int run(String... args) {
    return commands.execute(args);
  }

  private int usageError(CommandLine.ParameterException e) {
    String command = e.getCommandLine().getCommandSpec().qualifiedName();
    error("%s (see %s --help)".formatted(String.valueOf(e.getMessage()), command));
    return USAGE;
  }

  private int failure(Exception e) {
    if (e instanceof CommandFailure && e.getMessage() != null) {
      error(e.getMessage());
    } else {
      error("internal error: " + e + "; run it again with --verbose for details, and report it");
    }
    if (root.verbose()) {
      e.printStackTrace(context.err());
    }
    return FAILED;
  }

  private void error(String message) {
    context.screen().eraseLive();
    context.err().println("vnsnap: " + Plain.line(message));
    context.err().flush();
  }
}
