package io.vnsnap.shell.cli;

import io.vnsnap.shell.render.ScrubView;
import io.vnsnap.store.life.Scrub;
import io.vnsnap.store.life.ScrubReport;
import io.vnsnap.store.life.StoreAccess;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code vnsnap scrub}. */
@Command(
    name = "scrub",
    description = {
      "Read everything back that is stored, name what is damaged and which snapshots and VMs it",
      "touches. Exit status 1 if anything is wrong."
    })
final class ScrubCommand extends StoreCommand {
  @Option(
      names = "--repair-index",
      description = "Make the index anew from the packs where it is wrong.")
  private boolean repairIndex;

  ScrubCommand(RootCommand root) {
    super(root);
  }

  @Override
  int run(OpenStore opened) throws IOException {
    Progress progress = new Progress(screen(), "Scrub", !json());
    try (StoreAccess access = opened.access()) {
      ScrubReport report = Scrub.run(access, repairIndex, progress::at);
      progress.end();
      print(ScrubView.of(report, repairIndex, screen().style()), ScrubView.json(report));
      return report.passed() || (repairIndex && report.onlyIndex())
          ? CommandLineInterface.OK
          : CommandLineInterface.FAILED;
    } finally {
      progress.end();
    }
  }
}
