package io.vnsnap.host.deployment;

import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.Adapter;
import akka.dispatch.ExecutionContexts;
import akka.dispatch.OnComplete;
import akka.pattern.Patterns;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import scala.concurrent.ExecutionContext;

/**
 * Asks an actor. As {@link akka.actor.typed.javadsl.AskPattern}, but what follows the answer runs
 * in the thread that brings it, not in the common pool: the steps of a cut are made of such stages,
 * with the VM paused, and in a simulation nothing may leave its one thread.
 */
final class Asking {
  private static final ExecutionContext AT_ONCE = ExecutionContexts.fromExecutor(Runnable::run);

  private Asking() {}

  /**
   * Asks once.
   *
   * @param limit then the result fails with a {@link java.util.concurrent.TimeoutException}
   */
  static <C, R> CompletionStage<R> ask(
      ActorRef<C> actor, Function<ActorRef<R>, C> message, Duration limit) {
    CompletableFuture<R> result = new CompletableFuture<>();
    Patterns.askWithReplyTo(
            Adapter.toClassic(actor),
            replyTo -> message.apply(Adapter.<R>toTyped(replyTo)),
            limit.toMillis())
        .onComplete(new Completion<>(result), AT_ONCE);
    return result;
  }

  /** Hands over what a Scala future came to. */
  private static final class Completion<R> extends OnComplete<Object> {
    private final CompletableFuture<R> result;

    Completion(CompletableFuture<R> result) {
      this.result = result;
    }

    @Override
    @SuppressWarnings("unchecked") // the reference that was given away takes nothing else
    public void onComplete(@Nullable Throwable failure, @Nullable Object answer) {
      if (failure != null) {
        result.completeExceptionally(failure);
      } else {
        result.complete((R) answer);
      }
    }
  }
}
