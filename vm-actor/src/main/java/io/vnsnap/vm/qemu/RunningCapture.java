package io.vnsnap.vm.qemu;

import io.vnsnap.vm.Capture;
import io.vnsnap.vm.HypervisorException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A capture as its machine sees it. On the machine's event loop. */
sealed interface RunningCapture extends Capture permits QemuCapture, RoundsCapture {

  /** Makes the machine ready for its next capture. */
  CompletionStage<Void> putAway();

  /** Whether nobody wants anything of it any more. */
  boolean over();

  /** For each change of QEMU's migration status. */
  void onMigration(String status);

  /** The VM was stopped, by us or by QEMU. */
  void onStopped();

  /** The process is gone. */
  void lost(HypervisorException reason);

  /** When it began to run, or why the capture has failed, whichever comes first. */
  default CompletionStage<Long> resumedUnlessFailed(CompletionStage<Long> resumed) {
    CompletableFuture<Long> result = new CompletableFuture<>();
    resumed.whenComplete((at, failed) -> {
      if (failed != null) {
        result.completeExceptionally(failed);
      } else {
        result.complete(at);
      }
    });
    stored()
        .whenComplete((done, failed) -> {
          if (failed != null) {
            result.completeExceptionally(failed);
          }
        });
    return result;
  }
}
