package io.vnsnap.vm.qemu;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.ImageReader;
import io.vnsnap.vm.Arrival;
import io.vnsnap.vm.BlockingWork;
import io.vnsnap.vm.HypervisorException;
import io.vnsnap.vm.StartHints;
import io.vnsnap.vm.qemu.lazy.Account;
import io.vnsnap.vm.qemu.lazy.Opening;
import io.vnsnap.vm.qemu.lazy.PageLostException;
import io.vnsnap.vm.qemu.lazy.PageSource;
import io.vnsnap.vm.qemu.stream.StoredRest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An image on its way into a QEMU that runs its VM before it has the memory: QEMU's postcopy
 * migration, with us as its source. On the machine's event loop, except for the threads of the
 * {@link PageSource}.
 *
 * <p>Design note. The VM counts as loaded when its devices are, paused. From then on QEMU asks for
 * pages, and the rest is pushed behind; when it has all, it says so ("completed"), the capability
 * is turned off again, since it excludes captures, and the arrival is over. If pages cannot be had
 * any more the VM is lost: its CPU waits for them inside a memory access, and perhaps QEMU's main
 * loop with it. So the process is killed, with the reason as its last word.
 */
final class LazyLoading implements Arrival {
  private static final Logger log = LoggerFactory.getLogger(LazyLoading.class);
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final String DESCRIPTOR = "vnsnap-incoming";
  private static final String CAPABILITY = "postcopy-ram";

  private final QemuMachine machine;
  private final CompletableFuture<Void> done = new CompletableFuture<>();
  private final CompletableFuture<Void> migrated = new CompletableFuture<>();
  private final long begunNanos = System.nanoTime();
  private volatile @Nullable PageSource source;
  private volatile Fate fate = Fate.WELL;

  LazyLoading(QemuMachine machine) {
    this.machine = machine;
  }

  /**
   * Makes QEMU ready for it.
   *
   * @return why it is not possible; empty if it is
   */
  static CompletionStage<Optional<String>> impossible(QemuMachine machine, ImageReader image) {
    if (image.blocks().isEmpty()) {
      return CompletableFuture.completedStage(Optional.of("its image is not stored by pages"));
    }
    ObjectNode arguments = JSON.objectNode();
    arguments.putArray("capabilities").addObject().put("capability", CAPABILITY).put("state", true);
    return machine
        .command("migrate-set-capabilities", arguments)
        .handle((accepted, failed) ->
            failed == null
                ? Optional.empty()
                : Optional.of(
                    HypervisorException.reason(failed)
                        + " (it needs root, or: sysctl vm.unprivileged_userfaultfd=1)"));
  }

  /**
   * Loads the devices, and begins to send pages.
   *
   * @param image closed in any case
   * @return completes when the VM may be resumed
   */
  CompletionStage<Void> run(ImageReader image, StartHints hints) {
    LocalSockets.Pair pair;
    try {
      pair = LocalSockets.pair();
      pair.ours().setSendBufferSize(machine.settings().lazy().socketBuffer());
    } catch (IOException e) {
      machine.closeOnBlocking(image);
      return CompletableFuture.failedStage(e);
    }
    SocketWire wire = new SocketWire(pair.ours());
    CompletionStage<StoredRest> rest =
        BlockingWork.on(machine.blocking(), () -> StoredRest.read(image));
    CompletionStage<PageSource> begun =
        machine
            .giveDescriptor(DESCRIPTOR, pair)
            .thenCompose(done ->
                machine.command(
                    "migrate-incoming", JSON.objectNode().put("uri", "fd:" + DESCRIPTOR)))
            .thenCompose(done -> rest)
            .thenCompose(stored ->
                BlockingWork.on(machine.blocking(), () -> begin(stored, wire, image, hints)))
            .whenComplete((begins, failed) -> {
              if (failed != null) {
                machine.closeOnBlocking(wire::close);
                rest.whenComplete((stored, broken) -> machine.closeOnBlocking(image));
              }
            });
    return machine.within(
        begun.thenCompose(begins -> machine.onLoop(() -> loaded(begins))),
        machine.settings().loadTimeout(),
        "loading the devices");
  }

  private PageSource begin(StoredRest rest, SocketWire wire, ImageReader image, StartHints hints) {
    ByteBuffer opening =
        Opening.compose(
            rest.outline().prefix().asReadOnlyByteBuffer(),
            rest.outline().ramSection(),
            image.blocks(),
            rest.devices().asReadOnlyByteBuffer());
    PageSource begins =
        new PageSource(machine.spec().name(), wire, image, rest.outline().ramSection(), hints);
    source = begins;
    begins.start(
        opening,
        new PageSource.Pace(
            machine.settings().lazy().batchPages(),
            machine.settings().lazy().nearPages(),
            machine.settings().lazy().quiet(),
            machine.settings().lazy().patience()));
    return begins;
  }

  private CompletionStage<Void> loaded(PageSource pages) {
    CompletableFuture<Void> paused = new CompletableFuture<>();
    pages
        .done()
        .whenComplete((account, failed) -> {
          if (failed != null) {
            paused.completeExceptionally(failed);
          }
          machine.loop().execute(() -> settle(account, failed));
        });
    watchForStall(pages, -1);
    long deadline = System.nanoTime() + machine.settings().loadTimeout().toNanos();
    ImageLoading.awaitLoaded(machine, deadline)
        .whenComplete((done, failed) -> {
          if (failed != null) {
            paused.completeExceptionally(failed);
          } else {
            paused.complete(null);
          }
        });
    return paused;
  }

  private void settle(@Nullable Account account, @Nullable Throwable failed) {
    if (failed != null) {
      lose(HypervisorException.unwrap(failed));
      return;
    }
    machine
        .within(migrated, machine.settings().commandTimeout(), "the end of the migration")
        .thenCompose(completed -> machine.setCapability(CAPABILITY, false))
        .whenComplete((off, late) -> {
          if (late != null) {
            log.warn(
                "VM {} can be captured only after another restore: {}",
                machine.spec().name(),
                HypervisorException.reason(late));
          }
          log.info(
              "VM {} has all its memory after {} ms: {}",
              machine.spec().name(),
              TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begunNanos),
              account);
          done.complete(null);
        });
  }

  private void lose(Throwable why) {
    fate = fate(why);
    String reason =
        "its memory could not be loaded any further: "
            + HypervisorException.reason(why)
            + (fate == Fate.IMAGE_DAMAGED
                ? "; restore another snapshot"
                : "; restore the snapshot again");
    if (fate == Fate.VM_FAILED) {
      // A QEMU that ends by itself says best why.
      var unused =
          machine
              .loop()
              .schedule(
                  () -> end(reason),
                  machine.settings().quitTimeout().toMillis(),
                  TimeUnit.MILLISECONDS);
    } else {
      end(reason);
    }
    done.completeExceptionally(new HypervisorException(reason, why));
  }

  private void end(String reason) {
    if (machine.process().alive()) {
      machine.process().note(reason);
      machine.process().kill();
    }
  }

  private static Fate fate(Throwable why) {
    if (why instanceof PageLostException) {
      return why.getCause() instanceof DamagedSnapshotException
          ? Fate.IMAGE_DAMAGED
          : Fate.STORE_FAILED;
    }
    return why instanceof TimeoutException ? Fate.STORE_FAILED : Fate.VM_FAILED;
  }

  private void watchForStall(PageSource pages, long bytesBefore) {
    var unused =
        machine
            .loop()
            .schedule(
                () -> {
                  long bytes = pages.bytes();
                  if (done.isDone()) {
                    return;
                  }
                  if (bytes == bytesBefore) {
                    pages.abandon(
                        new TimeoutException(
                            "no page could be sent for " + machine.settings().stallTimeout()));
                  } else {
                    watchForStall(pages, bytes);
                  }
                },
                machine.settings().stallTimeout().toMillis(),
                TimeUnit.MILLISECONDS);
  }

  /** From the machine, for each change of QEMU's migration status. */
  void onMigration(String status) {
    if (status.equals("completed")) {
      migrated.complete(null);
    }
  }

  /** From the machine, when its process is gone. */
  void lost(HypervisorException reason) {
    PageSource pages = source;
    if (pages != null) {
      pages.abandon(reason);
    }
    done.completeExceptionally(reason);
  }

  @Override
  public CompletionStage<Void> done() {
    return done.minimalCompletionStage();
  }

  @Override
  public Fate fate() {
    return fate;
  }

  @Override
  public long bytes() {
    PageSource pages = source;
    return pages == null ? 0 : pages.bytes();
  }

  @Override
  public long totalBytes() {
    PageSource pages = source;
    return pages == null ? 0 : pages.totalBytes();
  }
}
