package io.vnsnap.vm;

import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/** Work that blocks, for callers that must not. */
public final class BlockingWork {
  private BlockingWork() {}

  /**
   * Runs it on a thread of the executor.
   *
   * @return fails with what the work threw, or when all threads for such work are taken; this
   *     method itself throws nothing
   */
  public static <T> CompletionStage<T> on(Executor threads, Callable<T> work) {
    CompletableFuture<T> result = new CompletableFuture<>();
    try {
      threads.execute(() -> complete(result, work));
    } catch (RejectedExecutionException e) {
      result.completeExceptionally(
          new IOException("this host does as much at a time as it may; try again later", e));
    }
    return result;
  }

  /**
   * Does work that must be done and is soon over, such as closing a file: on a thread of the
   * executor, or where all of these are taken or it has been shut down, on one of its own. There
   * are never more of those than resources to give back. This method itself throws nothing.
   */
  public static void surely(Executor threads, Runnable work) {
    try {
      threads.execute(work);
    } catch (RejectedExecutionException e) {
      Thread own = new Thread(work, "vnsnap-clean-up");
      own.setDaemon(true);
      own.start();
    }
  }

  private static <T> void complete(CompletableFuture<T> result, Callable<T> work) {
    try {
      result.complete(work.call());
    } catch (Exception | Error e) {
      result.completeExceptionally(e);
    }
  }
}
