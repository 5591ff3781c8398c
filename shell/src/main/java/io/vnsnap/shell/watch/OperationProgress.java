package io.vnsnap.shell.watch;

import io.vnsnap.proto.GetStatus;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.proto.VneStatus;
import io.vnsnap.shell.api.RefusedException;
import io.vnsnap.shell.api.UnreachableException;
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
public final class OperationProgress {
  private static final Duration INTERVAL = Duration.ofMillis(200);
  private static final Duration STATUS_DEADLINE = Duration.ofSeconds(2);

  private final VnsnapClient client;
  private final Screen screen;
  private final String vne;

  /** Of operations on that VNE. */
  public OperationProgress(VnsnapClient client, Screen screen, String vne) {
    this.client = client;
    this.screen = screen;
    this.vne = vne;
  }

  /**
   * Waits for the answer, and asks for the status meanwhile. The status that cannot be had is no
   * failure of the operation.
   *
   * @param what the operation, for the heading
   */
  public VneReply await(String what, CompletionStage<VneReply> answer)
      throws RefusedException, UnreachableException, InterruptedException {
    CompletableFuture<VneReply> awaited = answer.toCompletableFuture();
    try {
      while (!isDone(awaited)) {
        draw(what);
      }
    } finally {
      screen.eraseLive();
    }
    return Answers.accepted(awaited);
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
