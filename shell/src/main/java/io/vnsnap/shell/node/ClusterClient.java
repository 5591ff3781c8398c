package io.vnsnap.shell.node;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.AskPattern;
import akka.actor.typed.receptionist.Receptionist;
import io.vnsnap.coordinator.Coordinators;
import io.vnsnap.host.Failures;
import io.vnsnap.proto.GetStatus;
import io.vnsnap.proto.HostList;
import io.vnsnap.proto.Loading;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RefusalCode;
import io.vnsnap.proto.Restore;
import io.vnsnap.proto.SnapshotList;
import io.vnsnap.proto.VneList;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.proto.VneStatus;
import io.vnsnap.proto.wire.HostKey;
import io.vnsnap.proto.wire.ToHost;
import io.vnsnap.proto.wire.ToVne;
import io.vnsnap.shell.api.ConsoleListener;
import io.vnsnap.shell.api.ConsoleSession;
import io.vnsnap.shell.api.RefusedException;
import io.vnsnap.shell.api.SnapshotReference;
import io.vnsnap.shell.api.UnreachableException;
import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.SnapshotStore.Listing;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/** The client of a node: asks coordinators and hosts by actor messages, and the store itself. */
final class ClusterClient implements VnsnapClient {
  private final ActorSystem<?> system;
  private final Coordinators coordinators;
  private final SnapshotStore store;
  private final Executor blocking;
  private final NodeSettings settings;

  ClusterClient(
      ActorSystem<?> system,
      Coordinators coordinators,
      SnapshotStore store,
      Executor blocking,
      NodeSettings settings) {
    this.system = system;
    this.coordinators = coordinators;
    this.store = store;
    this.blocking = blocking;
    this.settings = settings;
  }

  @Override
  public CompletionStage<VneReply> request(VneRequest request) {
    Duration patience = request.hasGetStatus() ? settings.quickAsk() : settings.longAsk();
    try {
      return reachable(
          coordinators
              .entity(request.getVne())
              .<VneReply>ask(replyTo -> new ToVne.Ask(request, replyTo), patience),
          "the coordinator of VNE " + request.getVne());
    } catch (IllegalArgumentException e) {
      return CompletableFuture.failedStage(
          new RefusedException(RefusalCode.NOT_POSSIBLE, Failures.reason(e)));
    }
  }

  @Override
  public CompletionStage<VneList> vnes() {
    return reachable(coordinators.vnes(), "the list of VNEs").thenCompose(this::statusOfAll);
  }

  private CompletionStage<VneList> statusOfAll(List<String> names) {
    CompletionStage<VneList.Builder> all = CompletableFuture.completedFuture(VneList.newBuilder());
    for (CompletionStage<VneReply> status : names.stream().map(this::status).toList()) {
      all = all.thenCombine(status, (list, reply) -> list.addVnes(reply.getStatus()));
    }
    return all.thenApply(VneList.Builder::build);
  }

  private CompletionStage<VneReply> status(String vne) {
    return request(
        VneRequest.newBuilder().setVne(vne).setGetStatus(GetStatus.getDefaultInstance()).build());
  }

  @Override
  public CompletionStage<HostList> hosts() {
    return reachable(coordinators.hosts(), "the list of hosts")
        .thenApply(hosts -> HostList.newBuilder().addAllHosts(hosts).build());
  }

  @Override
  public CompletionStage<SnapshotList> snapshots() {
    return listing()
        .thenApply(listing ->
            SnapshotList.newBuilder()
                .addAllSnapshots(listing.snapshots())
                .addAllDamaged(listing.damaged())
                .build());
  }

  @Override
  public CompletionStage<Manifest> snapshot(String idOrPrefixOrLabel) {
    return listing()
        .thenApply(listing -> {
          try {
            return SnapshotReference.resolve(idOrPrefixOrLabel, listing.snapshots());
          } catch (RefusedException e) {
            throw new CompletionException(e);
          }
        });
  }

  @Override
  public CompletionStage<VneReply> restore(
      String idOrPrefixOrLabel, Map<String, String> placement, Loading loading) {
    return snapshot(idOrPrefixOrLabel)
        .thenCompose(manifest ->
            request(
                VneRequest.newBuilder()
                    .setVne(manifest.getVne())
                    .setRestore(
                        Restore.newBuilder()
                            .setManifest(manifest)
                            .putAllPlacement(placement)
                            .setLoading(loading))
                    .build()));
  }

  @Override
  public CompletionStage<Void> deleteSnapshot(String id) {
    CompletionStage<String> deleted =
        onStore(() -> {
          store.delete(id);
          return id;
        });
    return deleted.thenAccept(done -> {});
  }

  private CompletionStage<Listing> listing() {
    return onStore(store::list);
  }

  @Override
  public ConsoleSession console(String vne, String vm, ConsoleListener listener) {
    CompletionStage<ActorRef<ToHost>> host =
        status(vne)
            .thenApply(reply -> hostOf(vne, reply.getStatus(), vm))
            .thenCompose(this::hostActor);
    ActorRef<ConsoleReader.Command> reader =
        system.systemActorOf(
            ConsoleReader.create(vne, vm, listener), "console-" + UUID.randomUUID(), Props.empty());
    host.whenComplete((found, problem) ->
        reader.tell(
            found != null
                ? new ConsoleReader.Attach(found)
                : new ConsoleReader.NotFound(Failures.reason(problem))));
    return new ConsoleReader.Session(reader, system.scheduler(), settings.quickAsk());
  }

  private static String hostOf(String vne, VneStatus status, String vm) {
    return status.getVmsList().stream()
        .filter(one -> one.getVm().equals(vm))
        .map(one -> one.getHost())
        .findFirst()
        .orElseThrow(
            () -> new IllegalStateException("VNE %s has no running VM %s".formatted(vne, vm)));
  }

  private CompletionStage<ActorRef<ToHost>> hostActor(String host) {
    return AskPattern.<Receptionist.Command, Receptionist.Listing>ask(
            system.receptionist(),
            replyTo -> Receptionist.find(HostKey.SERVICE, replyTo),
            settings.quickAsk(),
            system.scheduler())
        .thenApply(listing -> {
          Optional<ActorRef<ToHost>> found =
              listing.getServiceInstances(HostKey.SERVICE).stream()
                  .filter(ref -> HostKey.hostName(ref).equals(host))
                  .findFirst();
          return found.orElseThrow(
              () -> new IllegalStateException("host " + host + " cannot be reached"));
        });
  }

  private interface StoreCall<T> {
    T call() throws IOException;
  }

  private <T> CompletionStage<T> onStore(StoreCall<T> call) {
    try {
      return CompletableFuture.supplyAsync(
          () -> {
            try {
              return call.call();
            } catch (IOException e) {
              throw new CompletionException(
                  new RefusedException(RefusalCode.NOT_POSSIBLE, Failures.reason(e)));
            }
          },
          blocking);
    } catch (RejectedExecutionException e) {
      return CompletableFuture.failedStage(
          new RefusedException(
              RefusalCode.NOT_NOW, "this node does as much at a time as it may; try again later"));
    }
  }

  private static <T> CompletionStage<T> reachable(CompletionStage<T> asked, String what) {
    return asked.exceptionallyCompose(problem ->
        CompletableFuture.failedStage(
            new UnreachableException(
                "%s cannot be reached: %s".formatted(what, Failures.reason(problem)), problem)));
  }
}
