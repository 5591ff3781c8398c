package io.vnsnap.shell.cli;

import io.vnsnap.proto.Manifest;
import io.vnsnap.shell.api.RefusedException;
import io.vnsnap.shell.render.VerificationView;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.SnapshotVerification;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code vnsnap verify}. */
@Command(
    name = "verify",
    description = {
      "Check a snapshot from what is stored alone: every byte intact, every frame accounted for.",
      "Reads all of it. Exit status 1 if anything is wrong."
    })
final class VerifyCommand extends StoreCommand {
  @Parameters(paramLabel = "SNAPSHOT", description = "Its id, a beginning of it, or its label.")
  private String snapshot = "";

  VerifyCommand(RootCommand root) {
    super(root);
  }

  @Override
  int run(OpenStore opened) throws IOException, RefusedException {
    SnapshotStore store = opened.snapshots();
    Manifest manifest = resolve(snapshot, store.list());
    SnapshotVerification found = SnapshotVerification.of(store, manifest.getSnapshotId());
    print(VerificationView.of(found, screen().style()), VerificationView.json(found));
    return found.passed() ? CommandLineInterface.OK : CommandLineInterface.FAILED;
  }
}
