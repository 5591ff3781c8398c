package io.vnsnap.shell.cli;

import io.vnsnap.proto.VneReply;
import io.vnsnap.shell.api.RefusedException;
import io.vnsnap.shell.api.UnreachableException;
import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.shell.render.Screen;
import io.vnsnap.shell.render.Style;
import io.vnsnap.shell.watch.Answers;
import io.vnsnap.shell.watch.OperationProgress;
import java.time.ZoneId;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A command that asks a running node. */
abstract class ClientCommand implements Callable<Integer> {
  private final RootCommand root;

  ClientCommand(RootCommand root) {
    this.root = root;
  }

  /** Does it. What fails is thrown as {@link CommandFailure}. */
  abstract void run(VnsnapClient client);

  /** Checks, before a node is looked for, what the parser could not. */
  void checkUsage() {
    // most commands are right when they have been parsed
  }

  /** Whom to ask: the node that was named, or the only one here. */
  VnsnapClient client() {
    return root.client();
  }

  @Override
  public final Integer call() {
    checkUsage();
    run(client());
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

  /** Waits for an answer; what goes wrong becomes a line. The client has the deadlines. */
  static <T extends @Nullable Object> T await(CompletionStage<T> stage) {
    return orFailure(() -> Answers.await(stage));
  }

  /** Waits for a coordinator's answer; a refusal is a failure. */
  static VneReply awaitReply(CompletionStage<VneReply> stage) {
    return orFailure(() -> Answers.accepted(stage));
  }

  /** Waits for the answer of a long operation, and shows how far it is. */
  static VneReply awaitReply(
      VnsnapClient client,
      Screen screen,
      String vne,
      String what,
      CompletionStage<VneReply> stage) {
    return orFailure(() -> new OperationProgress(client, screen, vne).await(what, stage));
  }

  /** An answer that is waited for. */
  private interface Awaited<T extends @Nullable Object> {
    T get() throws RefusedException, UnreachableException, InterruptedException;
  }

  private static <T extends @Nullable Object> T orFailure(Awaited<T> awaited) {
    try {
      return awaited.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailure("interrupted; what was asked for goes on", e);
    } catch (RefusedException | UnreachableException e) {
      throw new CommandFailure(String.valueOf(e.getMessage()), e);
    }
  }
}
