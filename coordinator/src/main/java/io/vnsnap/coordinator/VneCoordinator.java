package io.vnsnap.coordinator;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.TimerScheduler;
import akka.cluster.sharding.typed.javadsl.ClusterSharding;
import akka.persistence.typed.PersistenceId;
import akka.persistence.typed.RecoveryCompleted;
import akka.persistence.typed.SnapshotAdapter;
import akka.persistence.typed.SnapshotFailed;
import akka.persistence.typed.javadsl.CommandHandler;
import akka.persistence.typed.javadsl.Effect;
import akka.persistence.typed.javadsl.EffectBuilder;
import akka.persistence.typed.javadsl.EventHandler;
import akka.persistence.typed.javadsl.EventSourcedBehavior;
import akka.persistence.typed.javadsl.RetentionCriteria;
import akka.persistence.typed.javadsl.SignalHandler;
import io.vnsnap.proto.VneEvent;
import io.vnsnap.proto.certificate.Certificate;
import io.vnsnap.proto.wire.ToHost;
import io.vnsnap.proto.wire.ToVne;
import java.util.HashSet;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The coordinator of one VNE: a persistent actor that carries out what {@link VneProtocol} decides.
 *
 * <h2>Design note: the protocol, and why in this order</h2>
 *
 * <p>Every order that changes something on a host follows a durable event that says so. A
 * coordinator that comes back therefore knows the worst its hosts may be in the middle of, and
 * every order is idempotent, so that it can simply undo it or say it again:
 *
 * <ol>
 *   <li><b>Up.</b> Hosts are asked what they have, and VMs are placed; refused requests leave no
 *       event. {@code DeployOrdered} is persisted before any host starts anything. When all hosts
 *       have loaded their VMs, {@code DeployFinished} is persisted and Go is sent: before that
 *       event a failure (or a restart) undoes everything, after it Go is repeated and what is
 *       missing is reported as lost, because other VMs run already.
 *   <li><b>Snapshot.</b> {@code SnapshotRequested} before Prepare, {@code CutOrdered} before Cut,
 *       one order per host so that cuts are close together. Once each VM's image and channel logs
 *       are durable, their channels are balanced into a {@link Certificate}; the manifest is
 *       written by one host, last; {@code SnapshotSealed} follows. Whatever fails on the way, a
 *       deadline or a restart included, ends in {@code SnapshotAborted}: the epoch of that attempt
 *       is spent, hosts move their gates to it when they abort, and no later attempt can meet an
 *       old one's frames.
 *   <li><b>Restore.</b> First it is established that the snapshot can be placed, counting what the
 *       old VMs will free; then the old deployment is ended and the snapshot goes the way of Up. A
 *       host that is gone does not block: what it may still run has another network id.
 *   <li><b>Down.</b> {@code DownOrdered}, Undeploy until all reachable hosts have confirmed, {@code
 *       WentDown}. A host out of reach is told when it comes back.
 * </ol>
 *
 * <p>A client is answered when its operation has ended and its traces are gone, so that the answer
 * and the next status agree. Asks that cannot be served now are refused at once; nothing queues.
 */
final class VneCoordinator extends EventSourcedBehavior<ToVne, VneEvent, Vne> {
  private static final int KEPT_SNAPSHOTS = 2;
  private static final String ENTITY_TYPE = "vne";

  /** What the coordinator tells itself. */
  private sealed interface Internal extends ToVne.Private {}

  private enum Signal implements Internal {
    RECOVERED,
    STEP_TOOK_TOO_LONG,
    HOSTS_ARE_SILENT,
    NOBODY_ASKS
  }

  private record HostsSeen(HostDirectory.Hosts hosts) implements Internal {}

  private record HostsDescribed(HostDirectory.Described described) implements Internal {}

  private record GraceOver(String host) implements Internal {}

  private record GraceTimer(String host) {}

  /**
   * Where the coordinator's events go: ids of Akka persistence plugins.
   *
   * @param journal for events
   * @param snapshots for the coordinator's own state
   */
  record Plugins(String journal, String snapshots) {}

  private final ActorContext<ToVne> context;
  private final TimerScheduler<ToVne> timers;
  private final Surroundings around;
  private final Plugins plugins;
  private final ActorRef<HostDirectory.Command> directory;
  private final ActorRef<ClusterSharding.ShardCommand> shard;
  private final ActorRef<HostDirectory.Described> describedAdapter;
  private final VneProtocol protocol;
  private final Set<String> hostsInGrace = new HashSet<>();
  private SortedMap<String, ActorRef<ToHost>> hosts = new TreeMap<>();
  private boolean hostsKnown;
  private boolean takenUp;

  /** The coordinator of a VNE, which starts by recovering it from the journal. */
  static Behavior<ToVne> create(
      Surroundings around,
      Plugins plugins,
      ActorRef<HostDirectory.Command> directory,
      ActorRef<ClusterSharding.ShardCommand> shard) {
    return Behaviors.setup(context ->
        Behaviors.withTimers(timers -> {
          VneCoordinator coordinator =
              new VneCoordinator(context, timers, around, plugins, directory, shard);
          directory.tell(
              new HostDirectory.Watch(
                  context.messageAdapter(HostDirectory.Hosts.class, HostsSeen::new)));
          return coordinator;
        }));
  }

  /** Name under which the events of a VNE are journalled. */
  static PersistenceId persistenceId(String vne) {
    return PersistenceId.of(ENTITY_TYPE, vne);
  }

  private VneCoordinator(
      ActorContext<ToVne> context,
      TimerScheduler<ToVne> timers,
      Surroundings around,
      Plugins plugins,
      ActorRef<HostDirectory.Command> directory,
      ActorRef<ClusterSharding.ShardCommand> shard) {
    super(persistenceId(around.vne()));
    this.context = context;
    this.timers = timers;
    this.around = around;
    this.plugins = plugins;
    this.directory = directory;
    this.shard = shard;
    this.describedAdapter =
        context.messageAdapter(HostDirectory.Described.class, HostsDescribed::new);
    this.protocol = new VneProtocol(around);
  }

  @Override
  public Vne emptyState() {
    return Vne.untouched();
  }

  @Override
  public EventHandler<Vne, VneEvent> eventHandler() {
    return Vne::apply;
  }

  @Override
  public CommandHandler<ToVne, VneEvent, Vne> commandHandler() {
    return newCommandHandlerBuilder().forAnyState().onAnyCommand(this::onCommand);
  }

  @Override
  public SignalHandler<Vne> signalHandler() {
    return newSignalHandlerBuilder()
        .onSignal(RecoveryCompleted.instance(), vne -> context.getSelf().tell(Signal.RECOVERED))
        .onSignal(
            SnapshotFailed.class,
            (vne, failed) ->
                context
                    .getLog()
                    .warn(
                        "VNE {}: the journal did not take a snapshot of the coordinator's state; recovery will take longer",
                        around.vne(),
                        failed.getFailure()))
        .build();
  }

  @Override
  public SnapshotAdapter<Vne> snapshotAdapter() {
    return new VneSnapshots();
  }

  @Override
  public RetentionCriteria retentionCriteria() {
    return RetentionCriteria.snapshotEvery(
        around.settings().journalSnapshotEvery(), KEPT_SNAPSHOTS);
  }

  @Override
  public String journalPluginId() {
    return plugins.journal();
  }

  @Override
  public String snapshotPluginId() {
    return plugins.snapshots();
  }

  private Effect<VneEvent, Vne> onCommand(Vne vne, ToVne command) {
    return switch (command) {
      case ToVne.Ask early when !ready() -> Effect().stash();
      case ToVne.Ask ask -> carryOut(protocol.onAsk(vne, ask.request(), ask.replyTo()));
      case ToVne.Report report -> carryOut(protocol.onReport(vne, report.report()));
      case Internal internal -> onInternal(vne, internal);
      case ToVne.Private foreign ->
          throw new IllegalStateException("not for a coordinator: " + foreign);
    };
  }

  private Effect<VneEvent, Vne> onInternal(Vne vne, Internal internal) {
    return switch (internal) {
      case HostsSeen seen -> {
        hosts = seen.hosts().byName();
        hostsKnown = true;
        yield nowReady(carryOut(protocol.onHosts(vne, new TreeSet<>(hosts.keySet()))));
      }
      case HostsDescribed described -> carryOut(protocol.onDescribed(vne, described.described()));
      case GraceOver grace -> {
        hostsInGrace.remove(grace.host());
        yield carryOut(protocol.onGraceOver(vne, grace.host()));
      }
      case Signal signal ->
          switch (signal) {
            case RECOVERED -> {
              takenUp = true;
              yield nowReady(carryOut(protocol.onRecovered(vne)));
            }
            case STEP_TOOK_TOO_LONG -> carryOut(protocol.onDeadline(vne));
            case HOSTS_ARE_SILENT -> carryOut(protocol.onRetry(vne));
            case NOBODY_ASKS -> onNobodyAsks(vne);
          };
    };
  }

  /** Clients wait the moment it takes to learn which hosts there are and what was interrupted. */
  private boolean ready() {
    return hostsKnown && takenUp;
  }

  private Effect<VneEvent, Vne> nowReady(EffectBuilder<VneEvent, Vne> effect) {
    return ready() ? effect.thenUnstashAll() : effect;
  }

  private Effect<VneEvent, Vne> onNobodyAsks(Vne vne) {
    if (protocol.dispensable(vne)) {
      shard.tell(new ClusterSharding.Passivate<>(context.getSelf()));
    }
    return Effect().none();
  }

  /** Nothing else of the coordinator runs between the decision and the end of this. */
  private EffectBuilder<VneEvent, Vne> carryOut(Decision decision) {
    return decision.events().isEmpty()
        ? Effect().none().thenRun(vne -> act(vne, decision))
        : Effect().persist(decision.events()).thenRun(vne -> act(vne, decision));
  }

  private void act(Vne vne, Decision decision) {
    protocol.entered(decision.next());
    if (!decision.line().isEmpty()) {
      context.getLog().warn("VNE {}: {}", around.vne(), decision.line());
    }
    keepTime(vne, decision);
    decision.sendings().forEach(this::send);
    if (decision.asksHosts()) {
      directory.tell(new HostDirectory.DescribeAll(describedAdapter));
    }
    decision.answers().forEach(answer -> answer.client().tell(answer.reply().apply(vne)));
  }

  /** An order to a host out of reach is not sent; the step's repetition or deadline covers it. */
  private void send(Decision.Sending sending) {
    ActorRef<ToHost> host = hosts.get(sending.host());
    if (host != null) {
      host.tell(new ToHost.Order(sending.order()));
    }
  }

  private void keepTime(Vne vne, Decision decision) {
    Operation next = decision.next();
    if (next instanceof Operation.Idle) {
      timers.cancel(Signal.STEP_TOOK_TOO_LONG);
    }
    decision
        .deadline()
        .ifPresent(limit ->
            timers.startSingleTimer(Signal.STEP_TOOK_TOO_LONG, Signal.STEP_TOOK_TOO_LONG, limit));
    if (!protocol.repeats(next)) {
      timers.cancel(Signal.HOSTS_ARE_SILENT);
    } else if (!timers.isTimerActive(Signal.HOSTS_ARE_SILENT)) {
      timers.startTimerWithFixedDelay(
          Signal.HOSTS_ARE_SILENT, Signal.HOSTS_ARE_SILENT, around.settings().retryInterval());
    }
    if (protocol.dispensable(vne)) {
      timers.startSingleTimer(
          Signal.NOBODY_ASKS, Signal.NOBODY_ASKS, around.settings().passivateAfter());
    } else {
      timers.cancel(Signal.NOBODY_ASKS);
    }
    keepGrace(protocol.missing(vne));
  }

  private void keepGrace(Set<String> missing) {
    hostsInGrace.stream()
        .filter(host -> !missing.contains(host))
        .forEach(host -> timers.cancel(new GraceTimer(host)));
    missing.stream()
        .filter(host -> !hostsInGrace.contains(host))
        .forEach(host ->
            timers.startSingleTimer(
                new GraceTimer(host), new GraceOver(host), around.settings().hostGrace()));
    hostsInGrace.clear();
    hostsInGrace.addAll(missing);
  }
}
