package io.vnsnap.coordinator;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.SupervisorStrategy;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.receptionist.Receptionist;
import io.vnsnap.proto.HostDescription;
import io.vnsnap.proto.wire.HostKey;
import io.vnsnap.proto.wire.ToHost;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Knows the hosts that can be reached now, tells those who watch when that changes, and asks the
 * hosts what they have. One on each node.
 */
final class HostDirectory extends AbstractBehavior<HostDirectory.Command> {

  /** What the directory takes. */
  sealed interface Command {}

  /** Asks for {@link Hosts} now and after every change, for as long as the watcher lives. */
  record Watch(ActorRef<Hosts> watcher) implements Command {}

  /** Asks for what all hosts have, answered by {@link Described} within a bounded time. */
  record DescribeAll(ActorRef<Described> replyTo) implements Command {}

  /** The hosts that can be reached are these now. */
  record Reachable(Set<ActorRef<ToHost>> hosts) implements Command {}

  private record WatcherGone(ActorRef<Hosts> watcher) implements Command {}

  /**
   * The hosts that can be reached.
   *
   * @param byName by their names, without those that two hosts claim
   * @param duplicates one line for each name that two hosts claim
   */
  record Hosts(SortedMap<String, ActorRef<ToHost>> byName, List<String> duplicates) {}

  /**
   * What the hosts have.
   *
   * @param usable hosts that VMs can be started on, by name
   * @param unusable hosts that cannot be used now, by name, with the reason
   * @param silent those of them that did not answer in time, and may do so when asked again
   * @param duplicates one line for each name that two hosts claim
   */
  record Described(
      SortedMap<String, HostDescription> usable,
      SortedMap<String, String> unusable,
      SortedSet<String> silent,
      List<String> duplicates) {

    /** All of them, sorted by name; those that cannot be used with nothing but the reason. */
    List<HostDescription> all() {
      SortedMap<String, HostDescription> all = new TreeMap<>(usable);
      unusable.forEach((host, reason) ->
          all.put(
              host,
              HostDescription.newBuilder()
                  .setHost(host)
                  .setUnusableReason(reason)
                  .setSilent(silent.contains(host))
                  .build()));
      return List.copyOf(all.values());
    }
  }

  private final Duration patience;
  private final Set<ActorRef<Hosts>> watchers = new LinkedHashSet<>();
  private Hosts hosts = new Hosts(new TreeMap<>(), List.of());

  private HostDirectory(ActorContext<Command> context, Duration patience) {
    super(context);
    this.patience = patience;
  }

  /**
   * The directory of this node, which learns from the cluster's receptionist.
   *
   * @param patience longest wait for a host's description
   */
  static Behavior<Command> create(Duration patience) {
    return supervised(context -> {
      ActorRef<Receptionist.Listing> listings =
          context.messageAdapter(
              Receptionist.Listing.class,
              listing -> new Reachable(listing.getServiceInstances(HostKey.SERVICE)));
      context.getSystem().receptionist().tell(Receptionist.subscribe(HostKey.SERVICE, listings));
      return new HostDirectory(context, patience);
    });
  }

  /**
   * A directory that learns of hosts by {@link Reachable} alone.
   *
   * @param patience longest wait for a host's description
   */
  static Behavior<Command> createUninformed(Duration patience) {
    return supervised(context -> new HostDirectory(context, patience));
  }

  /** A restart would forget who watches. */
  private static Behavior<Command> supervised(
      Function<ActorContext<Command>, Behavior<Command>> setup) {
    return Behaviors.supervise(Behaviors.<Command>setup(setup::apply))
        .onFailure(SupervisorStrategy.resume());
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Watch.class, this::onWatch)
        .onMessage(DescribeAll.class, this::onDescribeAll)
        .onMessage(Reachable.class, this::onReachable)
        .onMessage(WatcherGone.class, this::onWatcherGone)
        .build();
  }

  private Behavior<Command> onWatch(Watch watch) {
    if (watchers.add(watch.watcher())) {
      getContext().watchWith(watch.watcher(), new WatcherGone(watch.watcher()));
    }
    watch.watcher().tell(hosts);
    return this;
  }

  private Behavior<Command> onWatcherGone(WatcherGone gone) {
    watchers.remove(gone.watcher());
    return this;
  }

  private Behavior<Command> onDescribeAll(DescribeAll ask) {
    getContext().spawnAnonymous(HostCensus.create(hosts, patience, ask.replyTo()));
    return this;
  }

  private Behavior<Command> onReachable(Reachable changed) {
    hosts = hosts(changed.hosts());
    hosts.duplicates().forEach(line -> getContext().getLog().warn("two hosts called {}", line));
    watchers.forEach(watcher -> watcher.tell(hosts));
    return this;
  }

  private Hosts hosts(Set<ActorRef<ToHost>> instances) {
    SortedMap<String, ActorRef<ToHost>> byName = new TreeMap<>();
    SortedMap<String, String> duplicates = new TreeMap<>();
    for (ActorRef<ToHost> instance : instances) {
      String name = HostKey.hostName(instance);
      ActorRef<ToHost> other = byName.putIfAbsent(name, instance);
      if (other != null) {
        duplicates.put(
            name,
            "%s (at %s and %s)".formatted(name, other.path().address(), instance.path().address()));
      }
    }
    byName.keySet().removeAll(duplicates.keySet());
    return new Hosts(byName, List.copyOf(duplicates.values()));
  }
}
