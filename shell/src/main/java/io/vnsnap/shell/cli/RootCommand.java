package io.vnsnap.shell.cli;

import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.shell.control.ControlSockets;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** {@code vnsnap} itself, with the options of all commands. */
@Command(
    name = "vnsnap",
    description = {
      "Takes live, globally consistent snapshots of whole virtual networked environments (VNEs),",
      "and restores them, on the same hosts or on others."
    },
    synopsisHeading = "Usage: ",
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    optionListHeading = "%nOptions:%n",
    footer = {
      "",
      "vnsnap COMMAND --help tells more. Exit status: 0 done, 1 failed, 2 wrong usage."
    })
final class RootCommand implements Runnable {
  private static final String SOCKET_VARIABLE = "VNSNAP_SOCKET";

  private final CliContext context;

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--socket",
      paramLabel = "PATH",
      scope = ScopeType.INHERIT,
      description = {
        "Control socket of the node to use; needed when several run here.",
        "Commands that talk to a node take the environment variable VNSNAP_SOCKET in its place."
      })
  private @Nullable Path socket;

  @Option(
      names = "--verbose",
      scope = ScopeType.INHERIT,
      description = "Print stack traces of failures.")
  private boolean verbose;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Print this page.")
  private boolean help;

  RootCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public void run() {
    if (help || spec == null) {
      return;
    }
    throw new CommandLine.ParameterException(spec.commandLine(), "which command?");
  }

  CliContext context() {
    return context;
  }

  boolean verbose() {
    return verbose;
  }

  /** The socket that was named, if one was. */
  @Nullable Path socket() {
    return socket;
  }

  /** A client of the node that was named here or in the environment, or of the only one here. */
  VnsnapClient client() {
    String environment = context.environment().getOrDefault(SOCKET_VARIABLE, "");
    if (socket != null || !environment.isEmpty()) {
      Path named = socket != null ? socket : Path.of(environment);
      return context.connector().apply(named.toAbsolutePath());
    }
    try {
      return context.connector().apply(ControlSockets.of(context.environment()).only());
    } catch (IOException e) {
      throw new CommandFailure(String.valueOf(e.getMessage()), e);
    }
  }
}
