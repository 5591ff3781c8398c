package io.vnsnap.coordinator;

import akka.actor.Address;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.AskPattern;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.Join;
import com.typesafe.config.ConfigFactory;
import io.vnsnap.proto.Down;
import io.vnsnap.proto.GetStatus;
import io.vnsnap.proto.HostOrder;
import io.vnsnap.proto.TakeSnapshot;
import io.vnsnap.proto.Up;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.proto.wire.HostKey;
import io.vnsnap.proto.wire.ToHost;
import io.vnsnap.proto.wire.ToVne;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A real node of a real cluster in this process, whose journal is in a folder of the test. */
final class TestNode implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofSeconds(20);

  private final ActorSystem<?> system;
  final Coordinators coordinators;

  private TestNode(ActorSystem<?> system) {
    this.system = system;
    this.coordinators = Coordinators.start(system);
  }

  /** The first node of a cluster. */
  static TestNode first(Path journal, String... roles) {
    ActorSystem<?> system = system(journal, roles);
    return joined(system, Cluster.get(system).selfMember().address());
  }

  /** A further node. */
  static TestNode joining(TestNode first, Path journal, String... roles) {
    return joined(system(journal, roles), Cluster.get(first.system).selfMember().address());
  }

  private static ActorSystem<?> system(Path journal, String... roles) {
    return ActorSystem.create(
        Behaviors.empty(),
        "vnsnap",
        ConfigFactory.load(
            ConfigFactory.parseMap(
                Map.of(
                    "akka.actor.provider", "cluster",
                    "akka.remote.artery.canonical.hostname", "127.0.0.1",
                    "akka.remote.artery.canonical.port", 0,
                    "akka.cluster.jmx.enabled", "off",
                    "akka.cluster.roles", List.of(roles),
                    // The end of a system is the end of a process: nothing is handed over.
                    "akka.coordinated-shutdown.run-by-actor-system-terminate", "off",
                    "vnsnap.coordinator.journal.directory", journal.toString()))));
  }

  private static TestNode joined(ActorSystem<?> system, Address seed) {
    Cluster.get(system).manager().tell(Join.create(seed));
    return new TestNode(system);
  }

  /** Starts a host on this node; returns what it is ordered. */
  Queue<HostOrder> startHost(String name) {
    Queue<HostOrder> heard = new ConcurrentLinkedQueue<>();
    ActorRef<ToHost> host =
        system.systemActorOf(
            FakeHost.create(name, coordinators, heard), HostKey.actorName(name), Props.empty());
    system.receptionist().tell(Receptionist.register(HostKey.SERVICE, host));
    return heard;
  }

  CompletionStage<VneReply> ask(String vne, VneRequest.Builder request) {
    return AskPattern.ask(
        coordinators.entity(vne),
        replyTo -> new ToVne.Ask(request.setVne(vne).build(), replyTo),
        PATIENCE,
        system.scheduler());
  }

  CompletionStage<VneReply> status(String vne) {
    return ask(vne, VneRequest.newBuilder().setGetStatus(GetStatus.getDefaultInstance()));
  }

  CompletionStage<VneReply> up(String vne) {
    return ask(
        vne, VneRequest.newBuilder().setUp(Up.newBuilder().setTopology(Topologies.webAndDb(vne))));
  }

  CompletionStage<VneReply> down(String vne) {
    return ask(vne, VneRequest.newBuilder().setDown(Down.getDefaultInstance()));
  }

  CompletionStage<VneReply> snapshot(String vne) {
    return ask(vne, VneRequest.newBuilder().setTakeSnapshot(TakeSnapshot.getDefaultInstance()));
  }

  @Override
  public void close() {
    system.terminate();
    system.getWhenTerminated().toCompletableFuture().join();
  }
}
