package io.vnsnap.shell.fake;

import com.google.protobuf.ByteString;
import io.vnsnap.proto.HostList;
import io.vnsnap.proto.Loading;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.SnapshotList;
import io.vnsnap.proto.VneList;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.proto.VneStatus;
import io.vnsnap.shell.api.ConsoleListener;
import io.vnsnap.shell.api.ConsoleSession;
import io.vnsnap.shell.api.RefusedException;
import io.vnsnap.shell.api.SnapshotReference;
import io.vnsnap.shell.api.VnsnapClient;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Answers as it is told to, and remembers what it was asked. */
public final class FakeClient implements VnsnapClient {
  public final List<VneRequest> requests = new CopyOnWriteArrayList<>();
  public final List<String> deleted = new CopyOnWriteArrayList<>();
  public final List<FakeConsole> consoles = new CopyOnWriteArrayList<>();
  public volatile Function<VneRequest, CompletionStage<VneReply>> onRequest =
      r -> done(VneReply.newBuilder().setStatus(VneStatus.newBuilder().setVne(r.getVne())).build());
  public volatile VneList vnes = VneList.getDefaultInstance();
  public volatile HostList hosts = HostList.getDefaultInstance();
  public volatile SnapshotList snapshots = SnapshotList.getDefaultInstance();
  public volatile Map<String, String> placement = Map.of();
  public volatile Loading loading = Loading.UNRECOGNIZED;

  public static <T> CompletionStage<T> done(T value) {
    return CompletableFuture.completedFuture(value);
  }

  @Override
  public CompletionStage<VneReply> request(VneRequest request) {
    requests.add(request);
    return onRequest.apply(request);
  }

  @Override
  public CompletionStage<VneList> vnes() {
    return done(vnes);
  }

  @Override
  public CompletionStage<HostList> hosts() {
    return done(hosts);
  }

  @Override
  public CompletionStage<SnapshotList> snapshots() {
    return done(snapshots);
  }

  @Override
  public CompletionStage<Manifest> snapshot(String idOrPrefixOrLabel) {
    try {
      return done(SnapshotReference.resolve(idOrPrefixOrLabel, snapshots.getSnapshotsList()));
    } catch (RefusedException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  @Override
  public CompletionStage<VneReply> restore(
      String idOrPrefixOrLabel, Map<String, String> places, Loading loading) {
    placement = Map.copyOf(places);
    this.loading = loading;
    return snapshot(idOrPrefixOrLabel)
        .thenCompose(m -> request(VneRequest.newBuilder().setVne(m.getVne()).build()));
  }

  @Override
  public CompletionStage<Void> deleteSnapshot(String id) {
    deleted.add(id);
    return this.<@Nullable Void>nothing();
  }

  private <T extends @Nullable Object> CompletionStage<T> nothing() {
    return CompletableFuture.completedStage(null);
  }

  @Override
  public ConsoleSession console(String vne, String vm, ConsoleListener listener) {
    FakeConsole console = new FakeConsole(vne, vm, listener);
    consoles.add(console);
    return console;
  }

  /** A console that a test speaks for. */
  public static final class FakeConsole implements ConsoleSession {
    public final String vne;
    public final String vm;
    public final ConsoleListener listener;
    public final List<ByteString> typed = new CopyOnWriteArrayList<>();
    public volatile boolean closed;

    FakeConsole(String vne, String vm, ConsoleListener listener) {
      this.vne = vne;
      this.vm = vm;
      this.listener = listener;
    }

    public void says(String text) {
      listener.output(ByteString.copyFromUtf8(text), 0);
    }

    @Override
    public CompletionStage<Void> input(ByteString data) {
      typed.add(data);
      return CompletableFuture.<@Nullable Void>completedStage(null);
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
