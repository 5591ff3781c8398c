package io.vnsnap.vm.qemu;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.vnsnap.store.ImageReader;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;

/**
 * An image on its way into a QEMU that was started to wait for one. On the machine's event loop,
 * the feeding itself on a thread that may block.
 */
final class ImageLoading {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final String DESCRIPTOR = "vnsnap-incoming";

  private final QemuMachine machine;
  private final ImageReader image;

  /**
   * @param image closed by {@link #run} in any case
   */
  ImageLoading(QemuMachine machine, ImageReader image) {
    this.machine = machine;
    this.image = image;
  }

  /** Completes when QEMU has taken all of it and checked what it checks. */
  CompletionStage<Void> run() {
    LocalSockets.Pair pair;
    try {
      pair = LocalSockets.pair();
    } catch (IOException e) {
      machine.closeOnBlocking(image);
      return CompletableFuture.failedStage(e);
    }
    CompletableFuture<Void> fed = new CompletableFuture<>();
    machine
        .giveDescriptor(DESCRIPTOR, pair)
        .thenCompose(done ->
            machine.command("migrate-incoming", JSON.objectNode().put("uri", "fd:" + DESCRIPTOR)))
        .whenComplete((done, failed) -> {
          if (failed != null) {
            machine.closeOnBlocking(image);
            machine.closeOnBlocking(pair.ours()::close);
            fed.completeExceptionally(failed);
          } else {
            machine.blocking().execute(() -> feed(pair, fed));
          }
        });
    long deadline = System.nanoTime() + machine.settings().loadTimeout().toNanos();
    return machine
        .within(fed, machine.settings().loadTimeout(), "loading the image")
        .thenCompose(done -> awaitLoaded(machine, deadline));
  }

  private void feed(LocalSockets.Pair pair, CompletableFuture<Void> fed) {
    try {
      ImageFeed.run(image, pair.ours(), machine.settings().streamBuffer());
      fed.complete(null);
    } catch (IOException | RuntimeException e) {
      fed.completeExceptionally(e);
    }
  }

  /** Completes when QEMU waits for nothing more before the VM may be resumed. */
  static CompletionStage<Void> awaitLoaded(QemuMachine machine, long deadlineNanos) {
    return machine
        .onLoop(() -> machine.command("query-status", JSON.objectNode()))
        .thenCompose(status -> {
          if (!status.path("status").asText().equals("inmigrate")) {
            return CompletableFuture.<Void>completedStage(null);
          }
          if (System.nanoTime() > deadlineNanos) {
            return CompletableFuture.<Void>failedStage(
                new TimeoutException("QEMU did not take the image in time"));
          }
          return machine.later(() -> awaitLoaded(machine, deadlineNanos));
        });
  }
}
