package io.vnsnap.coordinator;

import static io.vnsnap.coordinator.Topologies.channel;
import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.ManualTime;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import akka.cluster.sharding.typed.javadsl.ClusterSharding;
import akka.persistence.testkit.PersistenceTestKitPlugin;
import akka.persistence.testkit.PersistenceTestKitSnapshotPlugin;
import akka.persistence.testkit.javadsl.PersistenceTestKit;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.vnsnap.proto.Aborted;
import io.vnsnap.proto.CancelSnapshot;
import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.DeployFailed;
import io.vnsnap.proto.Deployed;
import io.vnsnap.proto.Down;
import io.vnsnap.proto.GetStatus;
import io.vnsnap.proto.HostDescription;
import io.vnsnap.proto.HostOrder;
import io.vnsnap.proto.HostReport;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.PauseRecord;
import io.vnsnap.proto.Prepared;
import io.vnsnap.proto.Refused;
import io.vnsnap.proto.Restore;
import io.vnsnap.proto.Running;
import io.vnsnap.proto.Sealed;
import io.vnsnap.proto.SnapshotFailed;
import io.vnsnap.proto.TakeSnapshot;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.Undeployed;
import io.vnsnap.proto.Up;
import io.vnsnap.proto.VmCut;
import io.vnsnap.proto.VmExited;
import io.vnsnap.proto.VmProcess;
import io.vnsnap.proto.VmStored;
import io.vnsnap.proto.VneEvent;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.proto.VneStatus;
import io.vnsnap.proto.wire.ToHost;
import io.vnsnap.proto.wire.ToVne;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One VNE with its real coordinator, an in-memory journal, two probe hosts "a" (runs db) and "b"
 * (runs web), and a clock that the test moves.
 */
final class VneHarness {
  static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration QUIET = Duration.ofMillis(50);

  private static final AtomicLong NUMBER = new AtomicLong();

  private final ActorTestKit kit;
  private final PersistenceTestKit journal;
  private final ManualTime time;
  private final AtomicLong nowMs = new AtomicLong(1_800_000_000_000L);
  private final ConcurrentSkipListMap<String, TestProbe<ToHost>> hosts =
      new ConcurrentSkipListMap<>();
  private final ConcurrentSkipListMap<String, HostDescription> described =
      new ConcurrentSkipListMap<>();
  private final ConcurrentSkipListMap<String, String> unusable = new ConcurrentSkipListMap<>();
  private final ConcurrentSkipListMap<String, Integer> silences = new ConcurrentSkipListMap<>();
  private final AtomicInteger questions = new AtomicInteger();
  private final List<String> duplicates = new ArrayList<>();
  private final Set<ActorRef<HostDirectory.Hosts>> watchers = ConcurrentHashMap.newKeySet();
  private final ActorRef<HostDirectory.Command> directory;
  private final CoordinatorSettings settings;
  final String name;
  final TestProbe<VneReply> client;
  final TestProbe<ClusterSharding.ShardCommand> shard;
  private ActorRef<ToVne> vne;
  private int generation = 1;

  /** Configuration of the actor system that harnesses live in. */
  static Config config() {
    return ManualTime.config()
        .withFallback(PersistenceTestKitPlugin.config())
        .withFallback(PersistenceTestKitSnapshotPlugin.config())
        .withFallback(ConfigFactory.load());
  }

  VneHarness(ActorTestKit kit) {
    this(kit, kit.system().settings().config());
  }

  /** With settings of its own. */
  VneHarness(ActorTestKit kit, Config config) {
    this.kit = kit;
    this.journal = PersistenceTestKit.create(kit.system());
    this.time = ManualTime.get(kit.system());
    this.name = "vne-" + NUMBER.incrementAndGet();
    this.client = kit.createTestProbe(VneReply.class);
    this.shard = kit.createTestProbe(ClusterSharding.ShardCommand.class);
    this.settings = CoordinatorSettings.of(config);
    this.directory = kit.spawn(directoryOfProbes());
    hosts.put("a", kit.createTestProbe(ToHost.class));
    hosts.put("b", kit.createTestProbe(ToHost.class));
    hosts.keySet().forEach(host -> described.put(host, Topologies.host(host, 1024, 0)));
    this.vne = kit.spawn(coordinator());
  }

  private Behavior<ToVne> coordinator() {
    return VneCoordinator.create(
        new Surroundings(name, settings, () -> Instant.ofEpochMilli(nowMs.get()), new Random(7)),
        new VneCoordinator.Plugins(
            PersistenceTestKitPlugin.PluginId(), PersistenceTestKitSnapshotPlugin.PluginId()),
        directory,
        shard.ref());
  }

  private Behavior<HostDirectory.Command> directoryOfProbes() {
    return Behaviors.receive(HostDirectory.Command.class)
        .onMessage(
            HostDirectory.Watch.class,
            watch -> {
              watchers.add(watch.watcher());
              watch.watcher().tell(reachable());
              return Behaviors.same();
            })
        .onMessage(
            HostDirectory.DescribeAll.class,
            ask -> {
              ask.replyTo().tell(census(questions.getAndIncrement()));
              return Behaviors.same();
            })
        .build();
  }

  private HostDirectory.Described census(int before) {
    SortedMap<String, HostDescription> usable = new TreeMap<>(described);
    usable.keySet().retainAll(hosts.keySet());
    SortedMap<String, String> others = new TreeMap<>(unusable);
    SortedSet<String> silent = new TreeSet<>();
    silences.forEach((host, times) -> {
      if (before < times) {
        usable.remove(host);
        others.put(host, "it did not say what it has within 5000 ms");
        silent.add(host);
      }
    });
    return new HostDirectory.Described(usable, others, silent, List.copyOf(duplicates));
  }

  private HostDirectory.Hosts reachable() {
    SortedMap<String, ActorRef<ToHost>> refs = new TreeMap<>();
    hosts.forEach((host, probe) -> refs.put(host, probe.ref()));
    return new HostDirectory.Hosts(refs, List.of());
  }

  // What happens to hosts and coordinator

  TestProbe<ToHost> host(String host) {
    return Optional.ofNullable(hosts.get(host)).orElseThrow();
  }

  void describe(HostDescription description) {
    described.put(description.getHost(), description);
  }

  void hostIsUnusable(String host, String reason) {
    described.remove(host);
    unusable.put(host, reason);
  }

  /** Leaves the first questions for what it has unanswered. */
  void hostIsSilent(String host, int times) {
    silences.put(host, times);
  }

  /** How often the hosts were asked what they have. */
  int questions() {
    return questions.get();
  }

  void hostIsDuplicate(String line) {
    duplicates.add(line);
  }

  void hostGoesAway(String host) {
    hosts.remove(host);
    tellWatchers();
  }

  void hostComesBack(String host) {
    hosts.put(host, kit.createTestProbe(ToHost.class));
    tellWatchers();
  }

  private void tellWatchers() {
    watchers.forEach(watcher -> watcher.tell(reachable()));
  }

  void coordinatorCrashes() {
    kit.stop(vne, PATIENCE);
    watchers.clear();
  }

  void coordinatorComesBack() {
    vne = kit.spawn(coordinator());
  }

  void restartCoordinator() {
    coordinatorCrashes();
    coordinatorComesBack();
  }

  void timePasses(Duration duration) {
    nowMs.addAndGet(duration.toMillis());
    time.timePasses(duration);
  }

  CoordinatorSettings.Timeouts timeouts() {
    return settings.timeouts();
  }

  CoordinatorSettings settings() {
    return settings;
  }

  void stop() {
    kit.stop(vne, PATIENCE);
  }

  void journalFailsNext() {
    journal.failNextPersisted(VneCoordinator.persistenceId(name).id());
  }

  // What clients ask

  Topology topology() {
    return Topologies.webAndDb(name);
  }

  void ask(VneRequest.Builder request, TestProbe<VneReply> from) {
    vne.tell(new ToVne.Ask(request.setVne(name).build(), from.ref()));
  }

  void ask(VneRequest.Builder request) {
    ask(request, client);
  }

  void askUp() {
    ask(VneRequest.newBuilder().setUp(Up.newBuilder().setTopology(topology())));
  }

  void askDown() {
    ask(VneRequest.newBuilder().setDown(Down.getDefaultInstance()));
  }

  void askSnapshot(TakeSnapshot.Builder take) {
    ask(VneRequest.newBuilder().setTakeSnapshot(take));
  }

  void askRestore(Manifest manifest) {
    ask(VneRequest.newBuilder().setRestore(Restore.newBuilder().setManifest(manifest)));
  }

  VneReply reply() {
    return client.receiveMessage(PATIENCE);
  }

  Refused refusal() {
    VneReply reply = reply();
    assertThat(reply.hasRefused()).as(reply.toString()).isTrue();
    return reply.getRefused();
  }

  /** Asks beside everything else, so that it may be used at any time. */
  VneReply answerTo(VneRequest.Builder request) {
    TestProbe<VneReply> other = newClient();
    ask(request, other);
    return other.receiveMessage(PATIENCE);
  }

  VneStatus status() {
    return answerTo(VneRequest.newBuilder().setGetStatus(GetStatus.getDefaultInstance()))
        .getStatus();
  }

  TestProbe<VneReply> newClient() {
    return kit.createTestProbe(VneReply.class);
  }

  TestProbe<VneReply> cancelSnapshot() {
    TestProbe<VneReply> other = newClient();
    ask(VneRequest.newBuilder().setCancelSnapshot(CancelSnapshot.getDefaultInstance()), other);
    return other;
  }

  // What hosts are told, and say

  HostOrder order(String host, HostOrder.KindCase kind) {
    HostOrder order = nextOrder(host);
    assertThat(order.getKindCase()).isEqualTo(kind);
    assertThat(order.getVne()).isEqualTo(name);
    generation = order.getGeneration();
    return order;
  }

  /** The next order of a kind, after any number of repetitions of another. */
  HostOrder skipRepeatedUntil(String host, HostOrder.KindCase repeated, HostOrder.KindCase kind) {
    HostOrder order = nextOrder(host);
    while (order.getKindCase() == repeated) {
      order = nextOrder(host);
    }
    assertThat(order.getKindCase()).isEqualTo(kind);
    return order;
  }

  /** Takes all orders that the host was given until none comes for a moment. */
  void skipOrders(String host) {
    boolean quiet = false;
    while (!quiet) {
      try {
        host(host).receiveMessage(QUIET);
      } catch (AssertionError silence) {
        quiet = true;
      }
    }
  }

  private HostOrder nextOrder(String host) {
    return ((ToHost.Order) host(host).receiveMessage(PATIENCE)).order();
  }

  HostOrder orders(HostOrder.KindCase kind) {
    HostOrder last = HostOrder.getDefaultInstance();
    for (String host : hosts.keySet()) {
      last = order(host, kind);
    }
    return last;
  }

  void expectNoOrders() {
    hosts.values().forEach(probe -> probe.expectNoMessage(QUIET));
  }

  HostReport.Builder from(String host) {
    return HostReport.newBuilder().setVne(name).setGeneration(generation).setHost(host);
  }

  void report(HostReport.Builder report) {
    vne.tell(new ToVne.Report(report.build()));
  }

  void deployed(String host) {
    String vm = host.equals("a") ? "db" : "web";
    report(
        from(host)
            .setDeployed(
                Deployed.newBuilder()
                    .addVms(VmProcess.newBuilder().setVm(vm).setPid(host.charAt(0)))));
  }

  void running(String host) {
    report(from(host).setRunning(Running.getDefaultInstance()));
  }

  /** What a host says to a Go when it was started anew. */
  void nothingDeployed(String host) {
    report(from(host).setDeployFailed(DeployFailed.newBuilder().setReason("nothing is deployed")));
  }

  void undeployed(String host) {
    report(from(host).setUndeployed(Undeployed.getDefaultInstance()));
  }

  void prepared(String host, String snapshotId) {
    report(from(host).setPrepared(Prepared.newBuilder().setSnapshotId(snapshotId)));
  }

  void aborted(String host, String snapshotId) {
    report(from(host).setAborted(Aborted.newBuilder().setSnapshotId(snapshotId)));
  }

  void sealed(String host, String snapshotId) {
    report(from(host).setSealed(Sealed.newBuilder().setSnapshotId(snapshotId)));
  }

  void vmCut(String host, String snapshotId, String vm) {
    report(
        from(host)
            .setVmCut(
                VmCut.newBuilder()
                    .setSnapshotId(snapshotId)
                    .setVm(vm)
                    .setPause(PauseRecord.newBuilder().setStopUs(10).setResumeUs(20))
                    .setFramesHeld(3)));
  }

  /** The VM's image and a channel that balances: 10 sent, 8 delivered, 2 recorded. */
  VmStored.Builder stored(String snapshotId, String vm) {
    boolean web = vm.equals("web");
    return VmStored.newBuilder()
        .setSnapshotId(snapshotId)
        .setImage(ImageRecord.newBuilder().setVm(vm).setHost(web ? "b" : "a").setBytes(4096))
        .addChannels(channel(web ? 1 : 0, web ? 0 : 1, 10, 8, 2))
        .addLogs(ChannelLogRecord.newBuilder().setTo(web ? 0 : 1).setFrames(2));
  }

  void vmStored(String host, VmStored.Builder stored) {
    report(from(host).setVmStored(stored));
  }

  void snapshotFailed(String host, String snapshotId, String vm, String reason) {
    report(
        from(host)
            .setSnapshotFailed(
                SnapshotFailed.newBuilder().setSnapshotId(snapshotId).setVm(vm).setReason(reason)));
  }

  void vmExited(String host, String vm, String reason) {
    report(from(host).setVmExited(VmExited.newBuilder().setVm(vm).setReason(reason)));
  }

  /** A VM that was loaded lazily has ended for want of memory. */
  void memoryNotGiven(String host, String vm) {
    report(
        from(host)
            .setVmExited(
                VmExited.newBuilder()
                    .setVm(vm)
                    .setReason("page 17 of pc.ram could not be read: Stale file handle")
                    .setMemoryNotGiven(true)));
  }

  // Whole stretches

  /** From down to running. */
  void up() {
    askUp();
    load();
    start();
    assertThat(reply().hasStatus()).isTrue();
  }

  /** Hosts get Deploy and load their VMs. */
  void load() {
    orders(HostOrder.KindCase.DEPLOY);
    List.copyOf(hosts.keySet()).forEach(this::deployed);
  }

  /** Hosts get Go and let their VMs run. */
  void start() {
    orders(HostOrder.KindCase.GO);
    List.copyOf(hosts.keySet()).forEach(this::running);
  }

  /** Asks for a snapshot; hosts have been told to prepare. Returns its id. */
  String beginSnapshot(TakeSnapshot.Builder take) {
    askSnapshot(take);
    return orders(HostOrder.KindCase.PREPARE).getPrepare().getSnapshotId();
  }

  /** As far as hosts having been told to cut. */
  String snapshotUntilCut(TakeSnapshot.Builder take) {
    String snapshotId = beginSnapshot(take);
    prepared("a", snapshotId);
    prepared("b", snapshotId);
    orders(HostOrder.KindCase.CUT);
    return snapshotId;
  }

  /** As far as host a having been told to seal. */
  String snapshotUntilSeal(TakeSnapshot.Builder take) {
    String snapshotId = snapshotUntilCut(take);
    vmCut("a", snapshotId, "db");
    vmCut("b", snapshotId, "web");
    vmStored("a", stored(snapshotId, "db"));
    vmStored("b", stored(snapshotId, "web"));
    order("a", HostOrder.KindCase.SEAL);
    return snapshotId;
  }

  /** Hosts get Abort and confirm it. */
  void undoSnapshot(String snapshotId) {
    for (String host : List.copyOf(hosts.keySet())) {
      HostOrder order = order(host, HostOrder.KindCase.ABORT);
      assertThat(order.getAbort().getSnapshotId()).isEqualTo(snapshotId);
      aborted(host, snapshotId);
    }
  }

  /** Hosts get Undeploy and confirm it. */
  void undeploy() {
    orders(HostOrder.KindCase.UNDEPLOY);
    List.copyOf(hosts.keySet()).forEach(this::undeployed);
  }

  /** What the journal holds of this VNE. */
  List<VneEvent.KindCase> events() {
    return journal.persistedInStorage(VneCoordinator.persistenceId(name).id()).stream()
        .map(event -> ((VneEvent) event).getKindCase())
        .toList();
  }

  VneEvent lastEvent() {
    List<Object> all = journal.persistedInStorage(VneCoordinator.persistenceId(name).id());
    return (VneEvent) all.getLast();
  }
}
