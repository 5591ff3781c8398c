package io.vnsnap.shell.control;

import io.vnsnap.proto.ControlRequest;
import io.vnsnap.proto.ControlResponse;
import io.vnsnap.proto.DeleteSnapshot;
import io.vnsnap.proto.GetSnapshot;
import io.vnsnap.proto.HostList;
import io.vnsnap.proto.ListHosts;
import io.vnsnap.proto.ListSnapshots;
import io.vnsnap.proto.ListVnes;
import io.vnsnap.proto.Loading;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RestoreSnapshot;
import io.vnsnap.proto.SnapshotList;
import io.vnsnap.proto.VneList;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.shell.api.ConsoleListener;
import io.vnsnap.shell.api.ConsoleSession;
import io.vnsnap.shell.api.RefusedException;
import io.vnsnap.shell.api.UnreachableException;
import io.vnsnap.shell.api.VnsnapClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A client of the cluster by way of the node whose control socket it is given. Each request has a
 * connection and a virtual thread of its own, so that any number may be under way; nothing is held
 * between them. Light on purpose: a short command starts neither an event loop nor actors.
 */
public final class ControlClient implements VnsnapClient {
  /** How long a question about the present state may take. */
  static final Duration QUESTION_DEADLINE = Duration.ofSeconds(30);

  /** How long an operation may take; coordinators have deadlines of their own, far below. */
  static final Duration OPERATION_DEADLINE = Duration.ofHours(1);

  private final Path socket;

  /** Of the node with that control socket; it is connected to when something is asked. */
  public ControlClient(Path socket) {
    this.socket = socket;
  }

  @Override
  public CompletionStage<VneReply> request(VneRequest request) {
    return call(
        of().setVne(request).build(),
        request.hasGetStatus() ? QUESTION_DEADLINE : OPERATION_DEADLINE,
        ControlResponse::hasVne,
        ControlResponse::getVne);
  }

  @Override
  public CompletionStage<VneList> vnes() {
    return call(
        of().setListVnes(ListVnes.getDefaultInstance()).build(),
        QUESTION_DEADLINE,
        ControlResponse::hasVnes,
        ControlResponse::getVnes);
  }

  @Override
  public CompletionStage<HostList> hosts() {
    return call(
        of().setListHosts(ListHosts.getDefaultInstance()).build(),
        QUESTION_DEADLINE,
        ControlResponse::hasHosts,
        ControlResponse::getHosts);
  }

  @Override
  public CompletionStage<SnapshotList> snapshots() {
    return call(
        of().setListSnapshots(ListSnapshots.getDefaultInstance()).build(),
        QUESTION_DEADLINE,
        ControlResponse::hasSnapshots,
        ControlResponse::getSnapshots);
  }

  @Override
  public CompletionStage<Manifest> snapshot(String idOrPrefixOrLabel) {
    return call(
        of().setGetSnapshot(GetSnapshot.newBuilder().setSnapshotId(idOrPrefixOrLabel)).build(),
        QUESTION_DEADLINE,
        ControlResponse::hasSnapshot,
        ControlResponse::getSnapshot);
  }

  @Override
  public CompletionStage<VneReply> restore(
      String idOrPrefixOrLabel, Map<String, String> placement, Loading loading) {
    return call(
        of().setRestoreSnapshot(
                RestoreSnapshot.newBuilder()
                    .setSnapshotId(idOrPrefixOrLabel)
                    .putAllPlacement(placement)
                    .setLoading(loading))
            .build(),
        OPERATION_DEADLINE,
        ControlResponse::hasVne,
        ControlResponse::getVne);
  }

  @Override
  public CompletionStage<Void> deleteSnapshot(String id) {
    return this.<@Nullable Void>call(
        of().setDeleteSnapshot(DeleteSnapshot.newBuilder().setSnapshotId(id)).build(),
        OPERATION_DEADLINE,
        ControlResponse::hasDeleted,
        deleted -> null);
  }

  @Override
  public ConsoleSession console(String vne, String vm, ConsoleListener listener) {
    return ControlConsole.attach(socket, vne, vm, listener);
  }

  static ControlRequest.Builder of() {
    return ControlRequest.newBuilder().setVersion(ControlConnection.VERSION);
  }

  private <T extends @Nullable Object> CompletionStage<T> call(
      ControlRequest request,
      Duration deadline,
      Predicate<ControlResponse> expected,
      Function<ControlResponse, T> result) {
    CompletableFuture<ControlResponse> answer = new CompletableFuture<>();
    CompletableFuture<ControlResponse> inTime =
        answer.orTimeout(deadline.toMillis(), TimeUnit.MILLISECONDS);
    Thread.ofVirtual().name("vnsnap-request").start(() -> exchange(request, answer));
    return inTime
        .exceptionallyCompose(e ->
            CompletableFuture.failedFuture(
                e instanceof TimeoutException
                    ? new UnreachableException(
                        "the node at %s did not answer within %d s"
                            .formatted(socket, deadline.toSeconds()),
                        null)
                    : e))
        .thenCompose(response -> checked(response, expected, result));
  }

  private void exchange(ControlRequest request, CompletableFuture<ControlResponse> answer) {
    try (ControlChannel channel = ControlChannel.connect(socket)) {
      CompletableFuture<?> unused =
          answer.whenComplete((done, failure) -> closeAtDeadline(channel, failure));
      channel.sendFirst(request);
      ControlResponse response = channel.receive();
      if (response == null) {
        throw new IOException("the node ended before it answered");
      }
      answer.complete(response);
    } catch (UnreachableException e) {
      answer.completeExceptionally(e);
    } catch (IOException | RuntimeException e) {
      answer.completeExceptionally(
          new UnreachableException(
              "the connection to the node at %s broke: %s".formatted(socket, e.getMessage()), e));
    }
  }

  /** Ends the wait of the thread that reads from the channel. */
  private static void closeAtDeadline(ControlChannel channel, @Nullable Throwable failure) {
    if (failure instanceof TimeoutException) {
      channel.close();
    }
  }

  private <T extends @Nullable Object> CompletionStage<T> checked(
      ControlResponse response,
      Predicate<ControlResponse> expected,
      Function<ControlResponse, T> result) {
    if (expected.test(response)) {
      return CompletableFuture.completedFuture(result.apply(response));
    }
    return CompletableFuture.failedFuture(
        response.hasRefused()
            ? new RefusedException(response.getRefused())
            : new UnreachableException(
                "the node at %s answered something else (%s): another version?"
                    .formatted(socket, response.getKindCase()),
                null));
  }
}
