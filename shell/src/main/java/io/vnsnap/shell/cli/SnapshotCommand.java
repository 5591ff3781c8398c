package io.vnsnap.shell.cli;

import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.SnapshotTaken;
import io.vnsnap.proto.Staging;
import io.vnsnap.proto.TakeSnapshot;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.shell.render.JsonView;
import io.vnsnap.shell.render.SnapshotView;
import io.vnsnap.shell.render.Units;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code vnsnap snapshot}. */
@Command(
    name = "snapshot",
    description = "Take a snapshot of a running VNE; its VMs go on running.")
final class SnapshotCommand extends ClientCommand {
  private static final int MAX_LABEL_LENGTH = 100;
  private static final int MAX_TIMEOUT_S = 3600;
  private static final long MS_PER_S = 1000;

  /** How memory is captured. */
  private enum Mode {
    AUTO(CaptureMode.AUTO),
    INSTANT(CaptureMode.INSTANT),
    ROUNDS(CaptureMode.ROUNDS);

    private final CaptureMode captured;

    Mode(CaptureMode captured) {
      this.captured = captured;
    }
  }

  /** Where pages wait that are written more than once. */
  private enum Stage {
    MEMORY(Staging.MEMORY),
    DISK(Staging.DISK);

    private final Staging staged;

    Stage(Staging staged) {
      this.staged = staged;
    }
  }

  @Spec private @Nullable CommandSpec spec;

  @Parameters(paramLabel = "VNE", description = "Name of the VNE.")
  private String vne = "";

  @Option(
      names = "--label",
      paramLabel = "L",
      description = "A word of yours to find the snapshot by.")
  private String label = "";

  @Option(
      names = "--strict",
      description = "Give up rather than seal when a channel does not balance.")
  private boolean strict;

  @Option(
      names = "--mode",
      paramLabel = "MODE",
      description =
          "How memory is captured: instant: copy on write after the cut; rounds: what changes is"
              + " copied again and again before it; auto: the one with the shorter predicted pause, but"
              + " rounds where processors are busy and their pause is short (default).")
  private Mode mode = Mode.AUTO;

  @Option(
      names = "--staging",
      paramLabel = "WHERE",
      description =
          "Of a capture in rounds: memory: of a page only the last version is written; disk: each"
              + " version is written as it comes (default: as the host is configured).")
  private @Nullable Stage staging;

  @Option(
      names = "--timeout",
      paramLabel = "S",
      description = "Seconds after which the snapshot is given up (default: the coordinator's).")
  private int timeout;

  @Option(names = "--json", description = "Print the snapshot as JSON when it is taken.")
  private boolean json;

  SnapshotCommand(RootCommand root) {
    super(root);
  }

  @Override
  void run(VnsnapClient client) {
    TakeSnapshot take =
        TakeSnapshot.newBuilder()
            .setLabel(label)
            .setStrict(strict)
            .setMode(mode.captured)
            .setStaging(staging == null ? Staging.STAGING_UNSPECIFIED : staging.staged)
            .setDeadlineMs(timeout * MS_PER_S)
            .build();
    VneRequest request = VneRequest.newBuilder().setVne(vne).setTakeSnapshot(take).build();
    VneReply reply =
        awaitReply(client, screen(), vne, "Snapshot of " + vne, client.request(request));
    SnapshotTaken taken = reply.getSnapshotTaken();
    if (json) {
      screen().lines(JsonView.snapshotLines(taken.getManifest()));
      return;
    }
    screen().lines(SnapshotView.one(taken.getManifest(), zone(), style()));
    screen()
        .line(
            "Took %s; %s frames were held until their receivers had made their cut"
                .formatted(
                    Units.millis((double) taken.getDurationMs()),
                    Units.count(taken.getFramesHeld())));
  }

  @Override
  void checkUsage() {
    String wrong =
        mode == Mode.INSTANT && staging != null
            ? "--staging is for captures in rounds; leave it out, or use --mode rounds or auto"
            : timeout < 0 || timeout > MAX_TIMEOUT_S
                ? "--timeout takes 1 to " + MAX_TIMEOUT_S + " seconds"
                : label.length() > MAX_LABEL_LENGTH || !label.equals(label.strip())
                    ? "--label takes at most %d characters, without blanks at its ends"
                        .formatted(MAX_LABEL_LENGTH)
                    : "";
    if (!wrong.isEmpty() && spec != null) {
      throw new CommandLine.ParameterException(spec.commandLine(), wrong);
    }
  }
}
