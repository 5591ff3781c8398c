package io.vnsnap.shell.cli;

import io.vnsnap.shell.demo.DemoRun;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code vnsnap demo}. */
@Command(
    name = "demo",
    description = {
      "Show what VNsnap does, on this machine: three nodes, four guests with traffic, a snapshot,",
      "the loss of a host, a restore, and the guests' own account of it. Exit status 0 only on PASS."
    })
final class DemoCommand implements Callable<Integer> {
  private final RootCommand root;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the figures to a file.")
  private @Nullable Path json;

  @Option(names = "--keep", description = "Keep the demo's folder, with its logs, to look at.")
  private boolean keep;

  @Option(
      names = "--simulated",
      description = {
        "Run on simulated VMs: no QEMU, no guest kit, no Debian packages. Without this option",
        "the demo does so only when QEMU cannot be had, and says why."
      })
  private boolean simulated;

  DemoCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    CliContext context = root.context();
    boolean passed =
        new DemoRun(
                new DemoRun.Options(json, keep, simulated),
                context.environment(),
                context.launcher(),
                context.screen())
            .run();
    return passed ? CommandLineInterface.OK : CommandLineInterface.FAILED;
  }
}
