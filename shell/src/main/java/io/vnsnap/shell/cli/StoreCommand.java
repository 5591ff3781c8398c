package io.vnsnap.shell.cli;

import io.vnsnap.proto.Manifest;
import io.vnsnap.shell.api.RefusedException;
import io.vnsnap.shell.api.SnapshotReference;
import io.vnsnap.shell.render.Screen;
import io.vnsnap.store.SnapshotStore;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A command that works on a snapshot store itself. Needs no node: whoever has the store can. */
abstract class StoreCommand implements Callable<Integer> {
  private final RootCommand root;

  @Mixin private StoreOption store = new StoreOption();

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  StoreCommand(RootCommand root) {
    this.root = root;
  }

  /** Does it; returns the exit code. What fails becomes one line. */
  abstract int run(OpenStore opened) throws IOException, RefusedException;

  /** Checks, before the store is opened, what the parser could not. */
  void checkUsage() {
    // most commands are right when they have been parsed
  }

  @Override
  public final Integer call() {
    checkUsage();
    try (OpenStore opened = store.open(root.context())) {
      return run(opened);
    } catch (IOException | RefusedException e) {
      throw new CommandFailure(String.valueOf(e.getMessage()), e);
    }
  }

  final CliContext context() {
    return root.context();
  }

  final Screen screen() {
    return root.context().screen();
  }

  final boolean json() {
    return json;
  }

  /** Writes the lines for people or those for programs. */
  final void print(List<String> people, List<String> programs) {
    screen().lines(json ? programs : people);
  }

  /**
   * The snapshot that a reference means. A manifest that cannot be read is the first thing that is
   * wrong with a snapshot: then that is what is said.
   */
  static Manifest resolve(String reference, SnapshotStore.Listing listing) throws RefusedException {
    try {
      return SnapshotReference.resolve(reference, listing.snapshots());
    } catch (RefusedException e) {
      throw listing.damaged().stream()
          .filter(line -> !reference.isEmpty() && line.contains(reference))
          .findFirst()
          .<RuntimeException>map(line -> new CommandFailure(line, e))
          .orElseThrow(() -> e);
    }
  }
}
