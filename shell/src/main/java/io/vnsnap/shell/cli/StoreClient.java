package io.vnsnap.shell.cli;

import io.vnsnap.proto.HostList;
import io.vnsnap.proto.Loading;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RefusalCode;
import io.vnsnap.proto.SnapshotList;
import io.vnsnap.proto.VneList;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.shell.api.ConsoleListener;
import io.vnsnap.shell.api.ConsoleSession;
import io.vnsnap.shell.api.RefusedException;
import io.vnsnap.shell.api.SnapshotReference;
import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.store.SnapshotStore;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Answers what a store alone can answer, without a cluster; refuses the rest. Unlike other clients
 * it does its work on the caller's thread, before it returns.
 */
final class StoreClient implements VnsnapClient {
  private final SnapshotStore store;

  StoreClient(SnapshotStore store) {
    this.store = store;
  }

  @Override
  public CompletionStage<SnapshotList> snapshots() {
    return now(() -> {
      SnapshotStore.Listing listing = store.list();
      return SnapshotList.newBuilder()
          .addAllSnapshots(listing.snapshots())
          .addAllDamaged(listing.damaged())
          .build();
    });
  }

  @Override
  public CompletionStage<Manifest> snapshot(String idOrPrefixOrLabel) {
    return now(() -> SnapshotReference.resolve(idOrPrefixOrLabel, store.list().snapshots()));
  }

  @Override
  public CompletionStage<Void> deleteSnapshot(String id) {
    return StoreClient.<@Nullable Void>now(() -> {
      store.delete(id);
      return null;
    });
  }

  @Override
  public CompletionStage<VneReply> request(VneRequest request) {
    return needsNode();
  }

  @Override
  public CompletionStage<VneList> vnes() {
    return needsNode();
  }

  @Override
  public CompletionStage<HostList> hosts() {
    return needsNode();
  }

  @Override
  public CompletionStage<VneReply> restore(
      String idOrPrefixOrLabel, Map<String, String> placement, Loading loading) {
    return needsNode();
  }

  @Override
  public ConsoleSession console(String vne, String vm, ConsoleListener listener) {
    throw new CommandFailure("a console needs a running node: leave out --store");
  }

  private static <T> CompletionStage<T> needsNode() {
    return CompletableFuture.failedFuture(
        new RefusedException(
            RefusalCode.NOT_POSSIBLE, "this needs a running node: leave out --store"));
  }

  private static <T extends @Nullable Object> CompletionStage<T> now(Callable<T> work) {
    try {
      return CompletableFuture.completedFuture(work.call());
    } catch (RefusedException e) {
      return CompletableFuture.failedFuture(e);
    } catch (IOException e) {
      return CompletableFuture.failedFuture(
          new RefusedException(RefusalCode.NOT_POSSIBLE, String.valueOf(e.getMessage())));
    } catch (Exception e) {
      throw new IllegalStateException("nothing else is thrown here", e);
    }
  }
}
