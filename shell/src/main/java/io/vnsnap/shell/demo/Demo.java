package io.vnsnap.shell.demo;

import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.Down;
import io.vnsnap.proto.GetStatus;
import io.vnsnap.proto.HostDescription;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RefusalCode;
import io.vnsnap.proto.SnapshotTaken;
import io.vnsnap.proto.TakeSnapshot;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.Up;
import io.vnsnap.proto.VmStatus;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.shell.api.RefusedException;
import io.vnsnap.shell.api.UnreachableException;
import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.shell.watch.Answers;
import io.vnsnap.shell.watch.OperationProgress;
import io.vnsnap.store.SnapshotVerification;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The steps of the demo, in order; each either does what it says or ends the demo with the reason.
 * Everything goes through the public client; nothing is cleaned up here.
 */
final class Demo {
  private static final String LOST_HOST = "a";
  private static final String KEPT_HOST = "b";
  private static final List<String> HOSTS = List.of(LOST_HOST, KEPT_HOST);
  private static final long SNAPSHOT_DEADLINE_MS = 60_000;

  private final DemoPlan plan;
  private final DemoNodes nodes;
  private final DemoScreen screen;
  private final DemoResult result;
  private final Verification verification;
  private final Await await;

  Demo(DemoPlan plan, DemoNodes nodes, DemoScreen screen, DemoResult result) {
    this.plan = plan;
    this.nodes = nodes;
    this.screen = screen;
    this.result = result;
    this.verification =
        new Verification(plan.udpPerSecond(), plan.tcpBytesPerSecond(), plan.ticksAfter());
    this.await = new Await(plan.poll());
  }

  /** Runs all steps; returns when the restored world has been judged good. */
  void run(Topology topology) throws DemoFailure, InterruptedException {
    try {
      VnsnapClient client = startCluster();
      Cut cut;
      try (DemoWorld world = boot(client, topology)) {
        cut = counted(world, () -> cut(client, world));
      }
      loseHost(client);
      restore(client, cut.snapshot());
      judgeRestoredWorld(client, cut.bounds());
      takeDown(client);
      result.verified();
    } catch (RefusedException | UnreachableException e) {
      throw new DemoFailure(String.valueOf(e.getMessage()), e);
    }
  }

  /** What a world goes through in one of its lives. */
  private interface Life<T> {
    T live() throws DemoFailure, InterruptedException, RefusedException, UnreachableException;
  }

  /** However it ends, what the guests counted is in the result: a failure is made of it. */
  private <T> T counted(DemoWorld world, Life<T> life)
      throws DemoFailure, InterruptedException, RefusedException, UnreachableException {
    try {
      return life.live();
    } finally {
      result.count(world.latest().values());
    }
  }

  /** A snapshot, and where in their lives its guests were. */
  private record Cut(Manifest snapshot, Map<String, Verification.CutBounds> bounds) {}

  private Cut cut(VnsnapClient client, DemoWorld world)
      throws DemoFailure, InterruptedException, RefusedException, UnreachableException {
    Map<String, TrafficReport> before = letRun(world);
    Manifest snapshot = takeSnapshot(client);
    Map<String, TrafficReport> after = world.awaitTicks(1);
    judgeWorldThatWentOn(world, after);
    verifyStored(snapshot);
    return new Cut(snapshot, bounds(before, after));
  }

  private VnsnapClient startCluster() throws DemoFailure, InterruptedException {
    screen.step("Start the cluster: a coordinator here, hosts a and b in JVMs of their own");
    VnsnapClient client = nodes.start(HOSTS);
    List<HostDescription> hosts = awaitUsable(client);
    HostDescription any = hosts.get(0);
    result.cluster(
        any.getHypervisor(), any.getHypervisorVersion(), hosts.size(), DemoTopology.VMS.size());
    screen.done("three nodes have found each other; VMs run on " + result.hypervisor());
    return client;
  }

  private List<HostDescription> awaitUsable(VnsnapClient client)
      throws DemoFailure, InterruptedException {
    List<HostDescription> hosts = awaitHosts(client, HOSTS, plan.deadlines().cluster());
    for (HostDescription host : hosts) {
      if (!host.getUnusableReason().isEmpty()) {
        throw new DemoFailure(
            "host %s cannot run VMs: %s. Without QEMU: ./vnsnap demo --simulated"
                .formatted(host.getHost(), host.getUnusableReason()));
      }
    }
    return hosts;
  }

  private List<HostDescription> awaitHosts(
      VnsnapClient client, List<String> wanted, Duration deadline)
      throws DemoFailure, InterruptedException {
    String[] seen = {"none"};
    return await.until(
        "the cluster to consist of host"
            + (wanted.size() > 1 ? "s " : " ")
            + String.join(", ", wanted),
        deadline,
        () -> {
          nodes.check();
          List<HostDescription> hosts = hostsNow(client);
          List<String> names = hosts.stream().map(HostDescription::getHost).sorted().toList();
          seen[0] =
              names.isEmpty()
                  ? "none"
                  : hosts.stream()
                      .map(Demo::nameOrSilent)
                      .sorted()
                      .collect(Collectors.joining(", "));
          screen.waiting("hosts up: " + seen[0]);
          return names.equals(wanted) && hosts.stream().noneMatch(HostDescription::getSilent)
              ? Optional.of(hosts)
              : Optional.empty();
        },
        () -> "hosts up are: " + seen[0]);
  }

  /** A host that has just started on a busy machine may need more than one question. */
  private static String nameOrSilent(HostDescription host) {
    return host.getSilent() ? host.getHost() + " (silent)" : host.getHost();
  }

  /** While members come and go, a question may go unanswered; the deadline of the wait counts. */
  private static List<HostDescription> hostsNow(VnsnapClient client) throws InterruptedException {
    try {
      return Answers.await(client.hosts()).getHostsList();
    } catch (RefusedException | UnreachableException e) {
      return List.of();
    }
  }

  private DemoWorld boot(VnsnapClient client, Topology topology)
      throws DemoFailure, InterruptedException, RefusedException, UnreachableException {
    screen.step("Deploy four guests and wait until they all talk to each other");
    screen.topology(byHost(DemoTopology.PLACEMENT));
    progress(client)
        .await(
            "Starting the VMs",
            client.request(request().setUp(Up.newBuilder().setTopology(topology)).build()));
    DemoWorld world = DemoWorld.attach(plan, screen, nodes, client);
    try {
      world.awaitBoot();
    } catch (DemoFailure | InterruptedException | RuntimeException e) {
      world.close();
      throw e;
    }
    screen.done("4 guests are up; 12 UDP and 12 TCP streams run between them");
    return world;
  }

  private Map<String, TrafficReport> letRun(DemoWorld world)
      throws DemoFailure, InterruptedException {
    screen.step("Let the traffic run");
    Map<String, TrafficReport> latest = world.awaitTicks(plan.ticksBefore());
    for (TrafficReport report : latest.values()) {
      if (!report.fault().isEmpty()) {
        throw new DemoFailure(
            "before any snapshot, %s counts %s".formatted(report.vm(), report.fault()));
      }
    }
    screen.done(
        "each guest sends %d datagrams and %d kB a second to each other one"
            .formatted(plan.udpPerSecond(), plan.tcpBytesPerSecond() / 1000));
    return latest;
  }

  private Manifest takeSnapshot(VnsnapClient client)
      throws DemoFailure, InterruptedException, RefusedException, UnreachableException {
    screen.step("Take a snapshot under traffic");
    TakeSnapshot take =
        TakeSnapshot.newBuilder()
            .setLabel("demo")
            .setMode(CaptureMode.AUTO)
            .setStrict(true)
            .setDeadlineMs(SNAPSHOT_DEADLINE_MS)
            .build();
    VneReply reply =
        progress(client).await("Snapshot", client.request(request().setTakeSnapshot(take).build()));
    SnapshotTaken taken = reply.getSnapshotTaken();
    result.snapshot(taken);
    screen.snapshot(taken.getManifest(), result);
    if (!taken.getManifest().getExact()) {
      throw new DemoFailure(
          "the snapshot was sealed although it is not exact: "
              + taken.getManifest().getInexactReason());
    }
    screen.done("sealed, and exact: every channel balances");
    return taken.getManifest();
  }

  private void verifyStored(Manifest snapshot) throws DemoFailure {
    screen.step("Check the snapshot from what is stored alone");
    SnapshotVerification found = nodes.verify(snapshot.getSnapshotId());
    if (!found.passed()) {
      throw new DemoFailure(
          "the stored snapshot is not what it says (%d violations): %s"
              .formatted(found.violations().size(), found.violations().getFirst()));
    }
    screen.done("every byte of the images is intact, every frame accounted for");
  }

  private static Map<String, Verification.CutBounds> bounds(
      Map<String, TrafficReport> before, Map<String, TrafficReport> after) {
    Map<String, Verification.CutBounds> bounds = new LinkedHashMap<>();
    before.forEach((vm, report) ->
        bounds.put(vm, new Verification.CutBounds(report, after.getOrDefault(vm, report))));
    return bounds;
  }

  private void judgeWorldThatWentOn(DemoWorld world, Map<String, TrafficReport> since)
      throws DemoFailure, InterruptedException {
    screen.step("Let the world run on, and ask the guests whether they noticed");
    Map<String, TrafficReport> last =
        world.awaitGood(
            "the guests' good word on the world that went on",
            guests -> verification.wentOn(guests, since));
    screen.account(last);
    screen.done("nothing lost, doubled, reordered or corrupted; all streams flow");
  }

  private void loseHost(VnsnapClient client)
      throws DemoFailure, InterruptedException, RefusedException, UnreachableException {
    screen.step("Kill host " + LOST_HOST + " with its VMs, outright");
    VneRequest status = request().setGetStatus(GetStatus.getDefaultInstance()).build();
    List<VmStatus> vms =
        Answers.accepted(client.request(status)).getStatus().getVmsList().stream()
            .filter(vm -> vm.getHost().equals(LOST_HOST))
            .toList();
    if (vms.isEmpty()) {
      throw new DemoFailure("the status names no VM on host " + LOST_HOST);
    }
    nodes.killHost(LOST_HOST, vms.stream().map(VmStatus::getPid).toList());
    screen.note(
        "killed the JVM of host %s and %s; the cluster has to find out"
            .formatted(
                LOST_HOST, vms.stream().map(VmStatus::getVm).collect(Collectors.joining(", "))));
    awaitHosts(client, List.of(KEPT_HOST), plan.deadlines().loss());
    screen.done("the cluster has given host " + LOST_HOST + " up");
  }

  private void restore(VnsnapClient client, Manifest snapshot)
      throws DemoFailure, InterruptedException {
    screen.step("Restore the VNE from the snapshot, all of it on host " + KEPT_HOST);
    Map<String, String> placement = new TreeMap<>();
    DemoTopology.VMS.forEach(vm -> placement.put(vm, KEPT_HOST));
    String[] lately = {""};
    VneReply reply =
        await.until(
            "the restore to be taken on",
            plan.deadlines().loss(),
            () -> tryRestore(client, snapshot, placement, lately),
            () -> "the last refusal was: " + lately[0]);
    result.restored(reply.getRestored().getDurationMs());
    screen.topology(byHost(placement));
    screen.done("all VMs run again, " + result.restoreMs() + " ms after the order");
  }

  /**
   * Until the coordinator has moved from the lost host and has noticed the loss, it may say "not
   * now".
   */
  private Optional<VneReply> tryRestore(
      VnsnapClient client, Manifest snapshot, Map<String, String> placement, String[] lately)
      throws DemoFailure, InterruptedException {
    try {
      return Optional.of(
          progress(client).await("Restoring", client.restore(snapshot.getSnapshotId(), placement)));
    } catch (RefusedException e) {
      if (e.refused().getCode() != RefusalCode.NOT_NOW) {
        throw new DemoFailure("the restore failed: " + e.getMessage(), e);
      }
      lately[0] = String.valueOf(e.getMessage());
      screen.waiting(lately[0]);
      return Optional.empty();
    } catch (UnreachableException e) {
      throw new DemoFailure("the restore failed: " + e.getMessage(), e);
    }
  }

  private void judgeRestoredWorld(VnsnapClient client, Map<String, Verification.CutBounds> cuts)
      throws DemoFailure, InterruptedException, RefusedException, UnreachableException {
    screen.step("Ask the restored guests");
    try (DemoWorld world = DemoWorld.attach(plan, screen, nodes, client)) {
      screen.account(
          counted(
              world,
              () ->
                  world.awaitGood(
                      "the guests' good word on the restored world",
                      guests -> verification.restored(guests, cuts))));
    }
    screen.done("every guest goes on from its cut; nothing lost, doubled, reordered or corrupted");
  }

  private void takeDown(VnsnapClient client)
      throws InterruptedException, RefusedException, UnreachableException {
    progress(client)
        .await("Stopping", client.request(request().setDown(Down.getDefaultInstance()).build()));
  }

  private OperationProgress progress(VnsnapClient client) {
    return new OperationProgress(client, screen.screen(), DemoTopology.VNE);
  }

  private static VneRequest.Builder request() {
    return VneRequest.newBuilder().setVne(DemoTopology.VNE);
  }

  private static Map<String, List<String>> byHost(Map<String, String> placement) {
    Map<String, List<String>> byHost = new TreeMap<>();
    for (String vm : DemoTopology.VMS) {
      byHost.computeIfAbsent(placement.getOrDefault(vm, "?"), host -> new ArrayList<>()).add(vm);
    }
    return byHost;
  }
}
