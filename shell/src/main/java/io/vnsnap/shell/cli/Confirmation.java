package io.vnsnap.shell.cli;

import io.vnsnap.shell.render.Screen;
import java.util.Locale;
import java.util.Scanner;
import picocli.CommandLine.Option;

/** Asks before something that has no way back. */
final class Confirmation {
  private static final int STANDARD_INPUT = 0;

  @Option(names = "--yes", description = "Do not ask.")
  private boolean yes;

  @Option(names = "--dry-run", description = "Only say what would be deleted.")
  private boolean dryRun;

  /** Whether nothing is to be done. */
  boolean dryRun() {
    return dryRun;
  }

  /**
   * Returns if the answer is yes.
   *
   * @param mayAsk whether there is room for a question in the output
   */
  void ask(Screen screen, String question, boolean mayAsk) {
    if (yes) {
      return;
    }
    if (!mayAsk || !Screen.isTerminal(STANDARD_INPUT)) {
      throw new CommandFailure(question + " Say so with --yes");
    }
    screen.line(question + " [y/N]");
    Scanner answer = new Scanner(System.in, System.out.charset());
    if (!answer.hasNextLine()
        || !answer.nextLine().strip().toLowerCase(Locale.ROOT).startsWith("y")) {
      throw new CommandFailure("nothing was deleted");
    }
  }
}
