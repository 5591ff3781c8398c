package io.vnsnap.shell.cli;

import io.vnsnap.proto.GetStatus;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.proto.VneStatus;
import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.shell.render.Screen;
import io.vnsnap.shell.render.StatusView;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Shows how far a VNE's operation is while waiting for its answer. */
final class Progress {
  private static final Duration INTERVAL = Duration.ofMillis(200);
  private static final Duration STATUS_DEADLINE = Duration.ofSeconds(2);

  private final VnsnapClient client;
  private final Screen screen;
  private final String vne;

  Progress(VnsnapClient client, Screen screen, String vne) {
    this.client = client;
    this.screen = screen;
    this.vne = vne;
  }

  /**
   * Waits for the answer; polls the status on connections of its own.
   *
   * @param what the operation, for the heading
   */
  VneReply await(String what, CompletionStage<VneReply> answer) {
    CompletableFuture<VneReply> awaited = answer.toCompletableFuture();
    try {
      while (!isDone(awaited)) {
        draw(what);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailure("interrupted; the operation goes on", e);
    } finally {
      screen.eraseLive();
    }
    return ClientCommand.awaitReply(awaited);
  }

  private static boolean isDone(CompletableFuture<VneReply> awaited) throws InterruptedException {
    try {
      awaited.get(INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      return true; // reported by the one who waits for the answer
    }
  }

  /** A status that does not come is no failure of the operation: the picture stays as it is. */
  private void draw(String what) throws InterruptedException {
    VneRequest request =
        VneRequest.newBuilder().setVne(vne).setGetStatus(GetStatus.getDefaultInstance()).build();
    try {
      VneReply reply =
          client
              .request(request)
              .toCompletableFuture()
              .get(STATUS_DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
      if (reply.hasStatus() && StatusView.busy(reply.getStatus().getPhase())) {
        VneStatus status = reply.getStatus();
        screen.live(
            StatusView.bars(what, status, screen.style()), what + ": " + StatusView.state(status));
      }
    } catch (ExecutionException | TimeoutException e) {
      screen.live(List.of(what + " (no status)"), what + " (no status)");
    }
  }
}
