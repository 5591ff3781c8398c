package io.vnsnap.shell.cli;

import io.vnsnap.shell.render.GcView;
import io.vnsnap.store.life.GarbageCollection;
import io.vnsnap.store.life.RepackedImage;
import io.vnsnap.store.life.StoreAccess;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code vnsnap gc}. */
@Command(
    name = "gc",
    description = {
      "Give back the space of what no snapshot needs. Nodes may take snapshots meanwhile: it waits",
      "for those that are being taken when it begins. One at a time per store."
    })
final class GcCommand extends StoreCommand {
  private static final int MOST_WAIT_S = 24 * 3600;

  @Option(names = "--dry-run", description = "Only say what would be removed.")
  private boolean dryRun;

  @Option(
      names = "--wait",
      paramLabel = "SECONDS",
      description =
          "How long to wait for snapshots that are being taken (default: ${DEFAULT-VALUE}).")
  private int wait = 600;

  @Spec private @Nullable CommandSpec spec;

  GcCommand(RootCommand root) {
    super(root);
  }

  @Override
  void checkUsage() {
    if ((wait < 0 || wait > MOST_WAIT_S) && spec != null) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--wait takes 0 to %d seconds".formatted(MOST_WAIT_S));
    }
  }

  @Override
  int run(OpenStore opened) throws IOException {
    try (StoreAccess access = opened.access()) {
      if (dryRun) {
        var plan = GarbageCollection.plan(access);
        print(GcView.plan(plan, screen().style()), GcView.planJson(plan));
      } else {
        var result = collect(opened, access);
        print(GcView.result(result), GcView.resultJson(result));
      }
    }
    return CommandLineInterface.OK;
  }

  private GarbageCollection.Result collect(OpenStore opened, StoreAccess access)
      throws IOException {
    Progress progress = new Progress(screen(), "Garbage collection", !json());
    var settings =
        new GarbageCollection.Settings(
            Duration.ofSeconds(wait),
            Duration.ofSeconds(1),
            pause -> Thread.sleep(pause.toMillis()));
    var repacker = new RepackedImage(opened.snapshots(), new SecureRandom().nextLong());
    try {
      return new GarbageCollection(access, settings, repacker, progress::says).run();
    } finally {
      progress.end();
    }
  }
}
