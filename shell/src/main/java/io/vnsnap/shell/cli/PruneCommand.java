package io.vnsnap.shell.cli;

import io.vnsnap.proto.Manifest;
import io.vnsnap.shell.render.PruneView;
import io.vnsnap.store.NoSuchSnapshotException;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.life.Retention;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code vnsnap prune}. */
@Command(
    name = "prune",
    description = {
      "Delete old snapshots by rule. A snapshot is kept if any rule keeps it; the newest of each",
      "VNE always is. Hours, days and weeks (from Monday) are those of UTC; those in which no",
      "snapshot was taken do not count. The space comes back with vnsnap gc."
    })
final class PruneCommand extends StoreCommand {

  /** Of which VNEs. */
  private static final class Chosen {
    @Parameters(paramLabel = "VNE", description = "The VNE whose snapshots to prune.")
    private String vne = "";

    @Option(names = "--all", description = "Those of every VNE, each by itself.")
    private boolean all;
  }

  @ArgGroup(multiplicity = "1")
  private Chosen chosen = new Chosen();

  @Option(names = "--keep-last", paramLabel = "N", description = "Keep the last N.")
  private int last;

  @Option(
      names = "--keep-hourly",
      paramLabel = "N",
      description = "Keep the newest of each of the last N hours that have one.")
  private int hourly;

  @Option(
      names = "--keep-daily",
      paramLabel = "N",
      description = "Keep the newest of each of the last N days that have one.")
  private int daily;

  @Option(
      names = "--keep-weekly",
      paramLabel = "N",
      description = "Keep the newest of each of the last N weeks that have one.")
  private int weekly;

  @Option(names = "--keep-labelled", description = "Keep all that have a label.")
  private boolean labelled;

  @Mixin private Confirmation confirmation = new Confirmation();

  @Spec private @Nullable CommandSpec spec;

  PruneCommand(RootCommand root) {
    super(root);
  }

  @Override
  void checkUsage() {
    if (last < 0 || hourly < 0 || daily < 0 || weekly < 0) {
      throw wrong("a number of snapshots to keep cannot be negative");
    }
    if (rules().isNothing()) {
      throw wrong("which snapshots to keep? Give --keep-last, --keep-daily or another rule");
    }
  }

  private CommandLine.ParameterException wrong(String message) {
    if (spec == null) {
      throw new IllegalStateException("picocli sets it");
    }
    return new CommandLine.ParameterException(spec.commandLine(), message);
  }

  private Retention rules() {
    return new Retention(last, hourly, daily, weekly, labelled);
  }

  @Override
  int run(OpenStore opened) throws IOException {
    SnapshotStore store = opened.snapshots();
    SnapshotStore.Listing listing = store.list();
    List<Retention.Decision> decisions = decide(listing.snapshots());
    List<String> going =
        decisions.stream()
            .filter(decision -> !decision.kept())
            .map(decision -> decision.snapshot().getSnapshotId())
            .toList();
    boolean delete = !confirmation.dryRun() && !going.isEmpty();
    if (!json()) {
      screen().lines(PruneView.plan(decisions, context().zone(), screen().style()));
      screen().lines(PruneView.unread(listing.damaged(), screen().style()));
    }
    if (delete) {
      confirmation.ask(
          screen(),
          "Delete %d of %d snapshots?".formatted(going.size(), decisions.size()),
          !json());
      delete(store, going);
    }
    print(
        List.of(PruneView.summary(decisions, delete)),
        PruneView.json(decisions, listing.damaged(), confirmation.dryRun()));
    return CommandLineInterface.OK;
  }

  private List<Retention.Decision> decide(List<Manifest> snapshots) {
    Map<String, List<Manifest>> byVne = new TreeMap<>();
    snapshots.forEach(snapshot ->
        byVne.computeIfAbsent(snapshot.getVne(), vne -> new ArrayList<>()).add(snapshot));
    if (!chosen.all) {
      List<Manifest> only = byVne.get(chosen.vne);
      if (only == null) {
        throw new CommandFailure(
            "there is no snapshot of a VNE '%s'; there are some of: %s"
                .formatted(
                    chosen.vne, byVne.isEmpty() ? "none" : String.join(", ", byVne.keySet())));
      }
      return rules().decide(only);
    }
    List<Retention.Decision> decisions = new ArrayList<>();
    byVne.values().forEach(ofOne -> decisions.addAll(rules().decide(ofOne)));
    return decisions;
  }

  private static void delete(SnapshotStore store, List<String> ids) throws IOException {
    for (int i = 0; i < ids.size(); i++) {
      try {
        store.delete(ids.get(i));
      } catch (NoSuchSnapshotException e) {
        // Somebody else has deleted it meanwhile: as it should be.
      } catch (IOException e) {
        throw new IOException(
            "%s (%d of %d snapshots were deleted before that)"
                .formatted(e.getMessage(), i, ids.size()),
            e);
      }
    }
  }
}
