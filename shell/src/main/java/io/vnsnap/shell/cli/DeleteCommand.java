package io.vnsnap.shell.cli;

import io.vnsnap.proto.Manifest;
import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.shell.render.DeletionView;
import io.vnsnap.shell.render.Units;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code vnsnap delete}. */
@Command(
    name = "delete",
    description = {
      "Delete snapshots. There is no way back. If any of them is not known, none is deleted.",
      "The space that only they needed comes back with vnsnap gc."
    })
final class DeleteCommand extends ClientCommand {
  @Parameters(
      arity = "1..*",
      paramLabel = "SNAPSHOT",
      description = "Its id, a beginning of it, or its label.")
  private List<String> snapshots = new ArrayList<>();

  @Mixin private Confirmation confirmation = new Confirmation();

  @Mixin private StoreOption store = new StoreOption();

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  DeleteCommand(RootCommand root) {
    super(root);
  }

  @Override
  VnsnapClient client() {
    return store.named() ? store.client(context()) : super.client();
  }

  @Override
  void run(VnsnapClient client) {
    List<Manifest> chosen = chosen(client);
    if (!confirmation.dryRun()) {
      confirmation.ask(screen(), question(chosen), !json);
      delete(client, chosen.stream().map(Manifest::getSnapshotId).toList());
    }
    screen()
        .lines(
            json
                ? DeletionView.json(chosen, confirmation.dryRun())
                : DeletionView.of(chosen, confirmation.dryRun(), zone()));
  }

  private List<Manifest> chosen(VnsnapClient client) {
    Map<String, Manifest> chosen = new LinkedHashMap<>();
    for (String reference : snapshots) {
      Manifest manifest = chosen(client, reference);
      chosen.putIfAbsent(manifest.getSnapshotId(), manifest);
    }
    return List.copyOf(chosen.values());
  }

  /** One whose manifest cannot be read is known by its whole id only. */
  private static Manifest chosen(VnsnapClient client, String reference) {
    try {
      return await(client.snapshot(reference));
    } catch (CommandFailure e) {
      String manifest = "snapshots/" + reference + "/manifest";
      if (await(client.snapshots()).getDamagedList().stream()
          .noneMatch(line -> line.contains(manifest))) {
        throw e;
      }
      return Manifest.newBuilder().setSnapshotId(reference).setVne("? (damaged)").build();
    }
  }

  private String question(List<Manifest> chosen) {
    if (chosen.size() == 1) {
      Manifest only = chosen.get(0);
      return "Delete snapshot %s of VNE %s, taken %s?"
          .formatted(
              only.getSnapshotId(), only.getVne(), Units.time(only.getCreatedEpochMs(), zone()));
    }
    return "Delete %d snapshots: %s?"
        .formatted(
            chosen.size(),
            String.join(", ", chosen.stream().map(Manifest::getSnapshotId).toList()));
  }

  private static void delete(VnsnapClient client, List<String> ids) {
    for (int i = 0; i < ids.size(); i++) {
      try {
        await(client.deleteSnapshot(ids.get(i)));
      } catch (CommandFailure e) {
        throw i == 0
            ? e
            : new CommandFailure(
                "%s; deleted before that: %s"
                    .formatted(e.getMessage(), String.join(", ", ids.subList(0, i))),
                e);
      }
    }
  }
}
