package io.vnsnap.shell;

import io.vnsnap.shell.cli.CliContext;
import io.vnsnap.shell.cli.CommandLineInterface;
import io.vnsnap.shell.control.ControlClient;
import io.vnsnap.shell.node.NodeLauncher;
import io.vnsnap.shell.render.Screen;
import java.time.ZoneId;
import java.util.Map;
import java.util.ServiceLoader;

/**
 * The program {@code vnsnap}. Commands that ask a running node load neither actors nor event loops;
 * the node's classes are found only when one is to be started here.
 */
public final class Main {
  private Main() {}

  /** Runs a command and exits with its code: 0 done, 1 failed, 2 wrong usage. */
  public static void main(String[] args) {
    Map<String, String> environment = System.getenv();
    CliContext context =
        new CliContext(
            Screen.standardOutput(System.out, environment),
            System.err,
            environment,
            ZoneId.systemDefault(),
            ControlClient::new,
            Main::launcher);
    System.exit(new CommandLineInterface(context).run(args));
  }

  private static NodeLauncher launcher() {
    return ServiceLoader.load(NodeLauncher.class)
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("this build has no node in it"));
  }
}
