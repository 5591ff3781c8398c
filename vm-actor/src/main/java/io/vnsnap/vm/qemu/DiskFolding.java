package io.vnsnap.vm.qemu;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vnsnap.vm.HypervisorException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Folds frozen overlays into each other, so that a disk keeps one of them however many snapshots
 * are taken. Everything here runs on the machine's event loop.
 *
 * <p>Design note. QEMU's job {@code block-commit} copies what the upper layer holds into the lower
 * one, then lets the layer above name the lower one as what backs it. Until then the chain reads as
 * before whatever was copied, for the upper layer hides it; so a fold may be cancelled, fail, or
 * end with QEMU at any moment, and nothing is lost. Files of layers that are gone are removed only
 * after QEMU has said that the job succeeded.
 *
 * <p>While the job runs QEMU refuses to freeze the disk. So a snapshot is prepared only when no
 * fold is going on: it waits for one a while, then cancels it; what was to be folded is folded
 * after that snapshot, in one go. A chain that has become long all the same is left alone: then the
 * snapshot is refused and the fold goes on.
 *
 * <p>Nor is the VM paused while a fold goes on: QEMU 7.2 aborts ("Permission conflict on node")
 * when the job ends while it drains the disks for a stop; seen in both tries of it.
 */
final class DiskFolding {
  private static final Logger log = LoggerFactory.getLogger(DiskFolding.class);
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final QemuMachine machine;
  private final QemuDisks disks;
  private final QemuJobs jobs;
  private CompletableFuture<Void> round = CompletableFuture.completedFuture(null);
  private boolean stopped;

  DiskFolding(QemuMachine machine, QemuDisks disks, QemuJobs jobs) {
    this.machine = machine;
    this.disks = disks;
    this.jobs = jobs;
  }

  /** Begins to fold what can be folded, unless that is going on. */
  void begin() {
    if (round.isDone()) {
      stopped = false;
      CompletableFuture<Void> begun = new CompletableFuture<>();
      round = begun;
      foldFrom(0).whenComplete((done, failed) -> begun.complete(null));
    }
  }

  /** Completes when no fold is going on; fails if that takes too long, and then one goes on. */
  CompletionStage<Void> quiet() {
    if (round.isDone()) {
      return CompletableFuture.completedStage(null);
    }
    Optional<DiskChain> tooLong =
        disks.chains().stream()
            .filter(chain -> chain.layers().size() > DiskChain.MAX_LAYERS)
            .findFirst();
    Duration patience = machine.settings().foldWait();
    return machine
        .within(round, patience, "folding disk overlays")
        .exceptionallyCompose(late ->
            tooLong.isPresent()
                ? CompletableFuture.failedStage(tooLong(tooLong.get()))
                : machine.onLoop(this::stop));
  }

  private static HypervisorException tooLong(DiskChain chain) {
    return new HypervisorException(
        "disk %s has %d overlays that are being folded into one; try again when that is done"
            .formatted(chain.disk().name(), chain.layers().size()));
  }

  /** Completes when no fold is going on; cancels one that is. */
  CompletionStage<Void> still() {
    return round.isDone() ? CompletableFuture.completedStage(null) : stop();
  }

  private CompletionStage<Void> stop() {
    stopped = true;
    disks.chains().forEach(chain -> jobs.cancel(job(chain)));
    return machine.within(
        round, machine.settings().commandTimeout(), "cancelling the folding of disk overlays");
  }

  /** Folds the chains from this number on, one after another; never fails. */
  private CompletionStage<Void> foldFrom(int number) {
    if (number >= disks.chains().size() || stopped) {
      return CompletableFuture.completedStage(null);
    }
    DiskChain chain = disks.chains().get(number);
    Optional<DiskChain.Fold> next = chain.fold();
    if (next.isEmpty()) {
      return foldFrom(number + 1);
    }
    return fold(chain, next.get())
        .thenCompose(folded -> machine.onLoop(() -> foldFrom(folded ? number : number + 1)));
  }

  private CompletionStage<Boolean> fold(DiskChain chain, DiskChain.Fold fold) {
    ObjectNode arguments =
        JSON.objectNode()
            .put("device", chain.active().node())
            .put("top-node", fold.upper().node())
            .put("base-node", fold.lower().node())
            .put("backing-file", fold.lower().file().toString());
    return jobs.run(job(chain), "block-commit", arguments)
        .thenApply(done -> {
          cleanUp(chain.folded(fold));
          return true;
        })
        .exceptionally(failed -> {
          if (stopped) {
            log.info("VM {}: a snapshot goes before folding disk overlays", machine.spec().name());
          } else {
            log.warn(
                "VM {}: overlays of disk {} are not folded yet, which is tried again after the next"
                    + " snapshot: {}",
                machine.spec().name(),
                chain.disk().name(),
                HypervisorException.reason(failed));
          }
          return false;
        });
  }

  private void cleanUp(List<DiskChain.Layer> gone) {
    for (DiskChain.Layer layer : gone) {
      if (layer.initial()) {
        machine
            .command("blockdev-del", JSON.objectNode().put("node-name", layer.node()))
            .exceptionally(failed -> {
              log.warn("VM {}: {}", machine.spec().name(), HypervisorException.reason(failed));
              return JSON.nullNode();
            });
      }
      machine.blocking().execute(() -> PrivateFolder.deleteQuietly(layer.file()));
    }
  }

  private static String job(DiskChain chain) {
    return "fold-disk" + chain.number();
  }
}
