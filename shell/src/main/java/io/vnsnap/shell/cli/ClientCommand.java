package io.vnsnap.shell.cli;

import io.vnsnap.proto.VneReply;
import io.vnsnap.shell.api.RefusedException;
import io.vnsnap.shell.api.UnreachableException;
import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.shell.render.Screen;
import io.vnsnap.shell.render.Style;
import java.time.ZoneId;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** A command that asks a running node. */
abstract class ClientCommand implements Callable<Integer> {
  private final RootCommand root;

  ClientCommand(RootCommand root) {
    this.root = root;
  }

  /** Does it. What fails is thrown as {@link CommandFailure}. */
  abstract void run(VnsnapClient client);

  @Override
  public final Integer call() {
    run(root.client());
    return CommandLineInterface.OK;
  }

  final CliContext context() {
    return root.context();
  }

  final Screen screen() {
    return root.context().screen();
  }

  final Style style() {
    return screen().style();
  }

  final ZoneId zone() {
    return root.context().zone();
  }

  /** Waits for an answer; turns failures into a line. The client has the deadlines. */
  static <T extends @Nullable Object> T await(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailure("interrupted", e);
    } catch (ExecutionException e) {
      throw failure(e);
    }
  }

  private static RuntimeException failure(Throwable thrown) {
    Throwable cause = thrown;
    while ((cause instanceof ExecutionException || cause instanceof CompletionException)
        && cause.getCause() != null) {
      cause = cause.getCause();
    }
    if (cause instanceof RefusedException || cause instanceof UnreachableException) {
      return new CommandFailure(String.valueOf(cause.getMessage()), cause);
    }
    return cause instanceof RuntimeException e ? e : new IllegalStateException(cause);
  }

  /** Waits for a coordinator's answer; a refusal is a failure. */
  static VneReply awaitReply(CompletionStage<VneReply> stage) {
    return accepted(await(stage));
  }

  static VneReply accepted(VneReply reply) {
    if (reply.hasRefused()) {
      throw new CommandFailure(reply.getRefused().getReason());
    }
    return reply;
  }
}
