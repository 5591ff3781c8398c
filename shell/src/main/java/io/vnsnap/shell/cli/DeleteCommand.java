package io.vnsnap.shell.cli;

import io.vnsnap.proto.Manifest;
import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.shell.render.Screen;
import io.vnsnap.shell.render.Units;
import java.util.Locale;
import java.util.Scanner;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code vnsnap delete}. */
@Command(name = "delete", description = "Delete a snapshot. There is no way back.")
final class DeleteCommand extends ClientCommand {
  private static final int STANDARD_INPUT = 0;

  @Parameters(paramLabel = "SNAPSHOT", description = "Its id, a beginning of it, or its label.")
  private String snapshot = "";

  @Option(names = "--yes", description = "Do not ask.")
  private boolean yes;

  DeleteCommand(RootCommand root) {
    super(root);
  }

  @Override
  void run(VnsnapClient client) {
    Manifest manifest = await(client.snapshot(snapshot));
    if (!yes && !confirmed(manifest)) {
      throw new CommandFailure("not deleted");
    }
    await(client.deleteSnapshot(manifest.getSnapshotId()));
    screen().line("Snapshot " + manifest.getSnapshotId() + " is deleted.");
  }

  private boolean confirmed(Manifest manifest) {
    String question =
        "Delete snapshot %s of VNE %s, taken %s?"
            .formatted(
                manifest.getSnapshotId(),
                manifest.getVne(),
                Units.time(manifest.getCreatedEpochMs(), zone()));
    if (!Screen.isTerminal(STANDARD_INPUT)) {
      throw new CommandFailure(question + " Say so with --yes");
    }
    screen().line(question + " [y/N]");
    Scanner answer = new Scanner(System.in, System.out.charset());
    return answer.hasNextLine()
        && answer.nextLine().strip().toLowerCase(Locale.ROOT).startsWith("y");
  }
}
