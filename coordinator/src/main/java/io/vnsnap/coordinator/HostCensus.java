package io.vnsnap.coordinator;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import io.vnsnap.coordinator.HostDirectory.Described;
import io.vnsnap.coordinator.HostDirectory.Hosts;
import io.vnsnap.proto.HostDescription;
import io.vnsnap.proto.wire.ToHost;
import java.time.Duration;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** Asks all hosts once what they have; answers when all have said so or patience is over. */
final class HostCensus extends AbstractBehavior<HostCensus.Command> {

  sealed interface Command {}

  private record Answered(HostDescription description) implements Command {}

  private enum PatienceOver implements Command {
    INSTANCE
  }

  private final Hosts hosts;
  private final Duration patience;
  private final ActorRef<Described> replyTo;
  private final SortedSet<String> silent;
  private final SortedMap<String, HostDescription> usable = new TreeMap<>();
  private final SortedMap<String, String> unusable = new TreeMap<>();

  private HostCensus(
      ActorContext<Command> context, Hosts hosts, Duration patience, ActorRef<Described> replyTo) {
    super(context);
    this.hosts = hosts;
    this.patience = patience;
    this.replyTo = replyTo;
    this.silent = new TreeSet<>(hosts.byName().keySet());
  }

  static Behavior<Command> create(Hosts hosts, Duration patience, ActorRef<Described> replyTo) {
    return Behaviors.setup(context ->
        Behaviors.withTimers(timers -> {
          HostCensus census = new HostCensus(context, hosts, patience, replyTo);
          timers.startSingleTimer(PatienceOver.INSTANCE, patience);
          ActorRef<HostDescription> answers =
              context.messageAdapter(HostDescription.class, Answered::new);
          hosts.byName().values().forEach(h -> h.tell(new ToHost.Describe(answers)));
          return hosts.byName().isEmpty() ? census.answer() : census;
        }));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Answered.class, this::onAnswered)
        .onMessageEquals(PatienceOver.INSTANCE, this::onPatienceOver)
        .build();
  }

  private Behavior<Command> onAnswered(Answered answered) {
    HostDescription description = answered.description();
    if (silent.remove(description.getHost())) {
      if (description.getUnusableReason().isEmpty()) {
        usable.put(description.getHost(), description);
      } else {
        unusable.put(description.getHost(), description.getUnusableReason());
      }
    }
    return silent.isEmpty() ? answer() : this;
  }

  private Behavior<Command> onPatienceOver() {
    silent.forEach(host ->
        unusable.put(host, "it did not say what it has within " + patience.toMillis() + " ms"));
    return answer();
  }

  private Behavior<Command> answer() {
    replyTo.tell(new Described(usable, unusable, silent, hosts.duplicates()));
    return Behaviors.stopped();
  }
}
