package io.vnsnap.shell.cli;

import io.vnsnap.proto.Loading;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.Restored;
import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.shell.render.StatusView;
import io.vnsnap.shell.render.Units;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code vnsnap restore}. */
@Command(
    name = "restore",
    description = "Replace what runs of a VNE, if anything does, by the state in a snapshot.")
final class RestoreCommand extends ClientCommand {
  @Parameters(paramLabel = "SNAPSHOT", description = "Its id, a beginning of it, or its label.")
  private String snapshot = "";

  @Option(
      names = "--place",
      paramLabel = "VM=HOST",
      description = "Where a VM must run; repeatable. Others go to any live host.")
  private Map<String, String> placement = new LinkedHashMap<>();

  @Option(
      names = "--lazy",
      negatable = true,
      description = {
        "--lazy: VMs run before their memory is loaded; it comes in behind them. Refused where that does not work.",
        "--no-lazy: VMs run when all their memory is loaded.",
        "Default: lazily where that works."
      })
  private @Nullable Boolean lazy;

  RestoreCommand(RootCommand root) {
    super(root);
  }

  @Override
  void run(VnsnapClient client) {
    Manifest manifest = await(client.snapshot(snapshot));
    String vne = manifest.getVne();
    Restored restored =
        awaitReply(
                client,
                screen(),
                vne,
                "Restoring " + vne,
                client.restore(manifest.getSnapshotId(), placement, loading()))
            .getRestored();
    screen().lines(StatusView.one(restored.getStatus(), style()));
    screen()
        .line(
            "Restored from %s in %s."
                .formatted(
                    manifest.getSnapshotId(), Units.millis((double) restored.getDurationMs())));
  }

  private Loading loading() {
    if (lazy == null) {
      return Loading.LAZY_IF_POSSIBLE;
    }
    return lazy ? Loading.LAZY : Loading.FULL;
  }
}
