package io.vnsnap.vm;

import akka.actor.typed.Scheduler;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;
import scala.concurrent.ExecutionContextExecutor;

/**
 * Gives steps their deadlines, by the actor system's clock.
 *
 * @param clock that measures
 * @param executor that completes what is late
 */
record Deadlines(Scheduler clock, ExecutionContextExecutor executor) {

  /** The stage, or its failure when it has not completed in time. */
  <T> CompletionStage<T> within(CompletionStage<T> stage, Duration limit, String step) {
    CompletableFuture<T> result = new CompletableFuture<>();
    var timer =
        clock.scheduleOnce(
            limit,
            () ->
                result.completeExceptionally(
                    new TimeoutException(step + " took longer than " + limit.toMillis() + " ms")),
            executor);
    stage.whenComplete((value, failed) -> {
      timer.cancel();
      if (failed != null) {
        result.completeExceptionally(failed);
      } else {
        result.complete(value);
      }
    });
    return result;
  }
}
