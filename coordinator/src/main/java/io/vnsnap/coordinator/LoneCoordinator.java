package io.vnsnap.coordinator;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.cluster.sharding.typed.javadsl.ClusterSharding;
import com.typesafe.config.Config;
import io.vnsnap.proto.wire.ToHost;
import io.vnsnap.proto.wire.ToVne;
import java.time.InstantSource;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * The coordinator of one VNE on a node of its own that is in no cluster: it is told which hosts
 * there are, and gets its messages from its parent. Nothing in it depends on time, chance or place
 * but by what it is given, so that its runs can be repeated. It ends when the coordinator fails.
 */
public final class LoneCoordinator extends AbstractBehavior<LoneCoordinator.Command> {

  /** What it takes. */
  public sealed interface Command {}

  /**
   * The hosts that can be reached are these now.
   *
   * @param hosts named by {@link io.vnsnap.proto.wire.HostKey#actorName}
   */
  public record Reachable(Set<ActorRef<ToHost>> hosts) implements Command {}

  /** For the coordinator. */
  public record ForVne(ToVne message) implements Command {}

  private record Passivating() implements Command {}

  /**
   * What it is given.
   *
   * @param config whole configuration, of which {@code vnsnap.coordinator} is read
   * @param clock wall clock
   * @param random of network ids and snapshot ids
   * @param journal id of the Akka persistence plugin for events
   * @param snapshots id of the plugin for the coordinator's own state
   */
  public record Outside(
      Config config,
      InstantSource clock,
      RandomGenerator random,
      String journal,
      String snapshots) {}

  private final ActorRef<HostDirectory.Command> directory;
  private final ActorRef<ToVne> vne;

  /** The coordinator of a VNE, which recovers from the journal first. */
  public static Behavior<Command> create(String vne, Outside outside) {
    return Behaviors.setup(context -> new LoneCoordinator(context, vne, outside));
  }

  private LoneCoordinator(ActorContext<Command> context, String name, Outside outside) {
    super(context);
    CoordinatorSettings settings = CoordinatorSettings.of(outside.config());
    directory =
        context.spawn(HostDirectory.createUninformed(settings.timeouts().describe()), "directory");
    ActorRef<ClusterSharding.ShardCommand> shard =
        context.messageAdapter(ClusterSharding.ShardCommand.class, asked -> new Passivating());
    vne =
        context.spawn(
            VneCoordinator.create(
                new Surroundings(name, settings, outside.clock(), outside.random()),
                new VneCoordinator.Plugins(outside.journal(), outside.snapshots()),
                directory,
                shard),
            "vne");
    context.watch(vne);
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Reachable.class, this::onReachable)
        .onMessage(ForVne.class, this::onForVne)
        .onMessage(Passivating.class, stays -> this)
        .build();
  }

  private Behavior<Command> onReachable(Reachable reachable) {
    directory.tell(new HostDirectory.Reachable(reachable.hosts()));
    return this;
  }

  private Behavior<Command> onForVne(ForVne message) {
    vne.tell(message.message());
    return this;
  }
}
