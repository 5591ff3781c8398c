package io.vnsnap.shell.watch;

import io.vnsnap.proto.VneReply;
import io.vnsnap.shell.api.RefusedException;
import io.vnsnap.shell.api.UnreachableException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** Blocks until a stage of a {@link io.vnsnap.shell.api.VnsnapClient} has completed. */
public final class Answers {
  private Answers() {}

  /** The answer. How long it may take is the client's to bound. */
  public static <T extends @Nullable Object> T await(CompletionStage<T> stage)
      throws RefusedException, UnreachableException, InterruptedException {
    try {
      return stage.toCompletableFuture().get();
    } catch (ExecutionException e) {
      Throwable cause = cause(e);
      if (cause instanceof RefusedException refused) {
        throw refused;
      }
      if (cause instanceof UnreachableException unreachable) {
        throw unreachable;
      }
      throw new IllegalStateException(cause);
    }
  }

  /** A coordinator's answer, of which a refusal is thrown. */
  public static VneReply accepted(CompletionStage<VneReply> stage)
      throws RefusedException, UnreachableException, InterruptedException {
    VneReply reply = await(stage);
    if (reply.hasRefused()) {
      throw new RefusedException(reply.getRefused());
    }
    return reply;
  }

  private static Throwable cause(ExecutionException e) {
    Throwable cause = e;
    while ((cause instanceof ExecutionException || cause instanceof CompletionException)
        && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }
}
