package io.vnsnap.host.fake;

import static org.assertj.core.api.Assertions.assertThat;

import akka.Done;
import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.vnsnap.host.HostActor;
import io.vnsnap.host.HostContext;
import io.vnsnap.host.console.ConsoleSockets;
import io.vnsnap.net.DataPlane;
import io.vnsnap.net.NetSettings;
import io.vnsnap.proto.Abort;
import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.Cut;
import io.vnsnap.proto.Deploy;
import io.vnsnap.proto.Endpoint;
import io.vnsnap.proto.Go;
import io.vnsnap.proto.HostOrder;
import io.vnsnap.proto.HostReport;
import io.vnsnap.proto.Loading;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.Prepare;
import io.vnsnap.proto.Seal;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.Undeploy;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VmStored;
import io.vnsnap.proto.VnicSpec;
import io.vnsnap.proto.wire.ToHost;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.pages.PageStore;
import io.vnsnap.vm.VmSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * A host with a real data plane and store and a fake hypervisor, and its coordinator's side. Two
 * VMs, a and b, with a network card each on one link. Closing checks that nothing is left.
 */
public final class HostFixture implements AutoCloseable {
  private int generation = 1;

  /** Name of the VNE. */
  public static final String VNE = "pair";

  /** Id of the snapshot that the orders here are about. */
  public static final String SNAPSHOT = "pair-1";

  private static final Duration PATIENCE = Duration.ofSeconds(15);

  private final Path root;
  private final ActorTestKit kit;
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final ExecutorService blocking = Executors.newCachedThreadPool();
  private final DataPlane plane;
  private final SnapshotStore store;
  private final FakeHypervisor hypervisor = new FakeHypervisor();
  private final BlockingQueue<HostReport> unread = new LinkedBlockingQueue<>();
  private final List<HostReport> reports = new CopyOnWriteArrayList<>();
  private final ActorRef<ToHost> host;
  private volatile Consumer<HostReport> onReport = report -> {};

  /** Starts the host. */
  public HostFixture() throws IOException {
    this("");
  }

  /** Starts the host with these changes to its settings. */
  public HostFixture(String changes) throws IOException {
    Config config = ConfigFactory.parseString(changes).withFallback(ConfigFactory.load()).resolve();
    root = Files.createTempDirectory(Path.of("/tmp"), "vn");
    kit =
        ActorTestKit.create(
            ConfigFactory.parseString("akka.actor.testkit.typed.filter-leeway = 15s")
                .withFallback(config));
    plane = DataPlane.open(NetSettings.from(config));
    store = PageStore.inDirectory(root.resolve("store"), "h1");
    host =
        kit.spawn(
            HostActor.create(
                new HostContext(
                    "h1",
                    1024,
                    Files.createDirectory(root.resolve("run")),
                    Files.createDirectory(root.resolve("disks")),
                    plane,
                    new HostContext.Vms(
                        hypervisor,
                        VmSettings.from(config),
                        ConsoleSockets.domain(loops.next()),
                        System::nanoTime,
                        () -> 0),
                    new HostContext.Shared(store, blocking, this::take))));
  }

  private void take(HostReport report) {
    onReport.accept(report);
    if (!report.hasProgress()) {
      reports.add(report);
      unread.add(report);
    }
  }

  /** Hands over each report where and while it is made. */
  public void onReport(Consumer<HostReport> taker) {
    onReport = taker;
  }

  /** The VMs. */
  public FakeHypervisor hypervisor() {
    return hypervisor;
  }

  /** The network. */
  public DataPlane plane() {
    return plane;
  }

  /** The store. */
  public SnapshotStore store() {
    return store;
  }

  /** The test kit. */
  public ActorTestKit kit() {
    return kit;
  }

  /** Sends something that is not an order. */
  public void tell(ToHost message) {
    host.tell(message);
  }

  /** What is ordered from now on is for the next deployment, as a restore is. */
  public void nextGeneration() {
    generation++;
  }

  /** Orders a deployment, from a snapshot if one is named. */
  public void deploy(String snapshotId, Duration deadline) {
    order(order().setDeploy(deployment(snapshotId, deadline)));
  }

  private static Deploy.Builder deployment(String snapshotId, Duration deadline) {
    return Deploy.newBuilder()
        .setTopology(topology())
        .putAllPlacement(Map.of("a", "h1", "b", "h1"))
        .setNetworkId(7)
        .setSnapshotId(snapshotId)
        .setLoading(Loading.LAZY)
        .setDeadlineMs(deadline.toMillis());
  }

  /** Orders a deployment that says where this host listens for trunks. */
  public void deploy(Endpoint trunk) {
    order(order().setDeploy(deployment("", PATIENCE).putTrunks("h1", trunk)));
  }

  /** Where this host listens for trunks. */
  public Endpoint endpoint() {
    return plane.endpoint();
  }

  /** Deploys and lets the VMs run. */
  public void run() {
    deploy("", PATIENCE);
    await(HostReport::hasDeployed);
    go();
    await(HostReport::hasRunning);
  }

  public void go() {
    order(order().setGo(Go.getDefaultInstance()));
  }

  public void undeploy() {
    order(order().setUndeploy(Undeploy.getDefaultInstance()));
  }

  public void prepare() {
    prepare(PATIENCE);
  }

  /** Orders to get ready for a snapshot that is given up when it is not stored in time. */
  public void prepare(Duration abandon) {
    order(
        order()
            .setPrepare(
                Prepare.newBuilder()
                    .setSnapshotId(SNAPSHOT)
                    .setEpoch(1)
                    .setMode(CaptureMode.INSTANT)
                    .setDeadlineMs(PATIENCE.toMillis())
                    .setAbandonMs(abandon.toMillis())));
  }

  public void cut() {
    order(order().setCut(Cut.newBuilder().setSnapshotId(SNAPSHOT).setEpoch(1)));
  }

  public void abort() {
    order(order().setAbort(Abort.newBuilder().setSnapshotId(SNAPSHOT).setEpoch(1)));
  }

  public void seal(Manifest manifest) {
    order(order().setSeal(Seal.newBuilder().setManifest(manifest)));
  }

  /** Prepares and cuts, and waits until both VMs are stored. */
  public Manifest capture() {
    prepare();
    await(HostReport::hasPrepared);
    cut();
    return manifest(List.of(awaitStored(), awaitStored()));
  }

  public VmStored awaitStored() {
    return await(HostReport::hasVmStored).getVmStored();
  }

  /** What the coordinator makes of the parts. */
  public static Manifest manifest(List<VmStored> parts) {
    Manifest.Builder manifest =
        Manifest.newBuilder()
            .setSnapshotId(SNAPSHOT)
            .setVne(VNE)
            .setCreatedEpochMs(1)
            .setTopology(topology())
            .setGeneration(1)
            .setEpoch(1)
            .setExact(true);
    for (VmStored part : parts) {
      manifest
          .addImages(part.getImage())
          .addAllChannels(part.getChannelsList())
          .addAllLogs(part.getLogsList());
    }
    return manifest.build();
  }

  private HostOrder.Builder order() {
    return HostOrder.newBuilder().setVne(VNE).setGeneration(generation);
  }

  private void order(HostOrder.Builder order) {
    host.tell(new ToHost.Order(order.build()));
  }

  private static Topology topology() {
    return Topology.newBuilder().setName(VNE).addVms(vm("a", 1)).addVms(vm("b", 2)).build();
  }

  private static VmSpec vm(String name, int number) {
    return VmSpec.newBuilder()
        .setName(name)
        .setMemoryMib(64)
        .setCpus(1)
        .setKernel("/kernel")
        .addVnics(
            VnicSpec.newBuilder().setName("n0").setMac("52:54:00:00:00:0" + number).setLink("lan"))
        .build();
  }

  /** A frame from a to b. */
  public static byte[] frameToB(int content) {
    byte[] frame = new byte[60];
    byte[] head = {0x52, 0x54, 0, 0, 0, 2, 0x52, 0x54, 0, 0, 0, 1, 8, 0, (byte) content};
    System.arraycopy(head, 0, frame, 0, head.length);
    return frame;
  }

  /** The next report of a kind; others before it are skipped. */
  public HostReport await(Predicate<HostReport> kind) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    try {
      while (true) {
        HostReport next = unread.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
        if (next == null) {
          throw new AssertionError("no such report; there were: " + reports);
        }
        if (kind.test(next)) {
          return next;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }

  /** How many reports of a kind there were. */
  public long count(Predicate<HostReport> kind) {
    return reports.stream().filter(kind).count();
  }

  /** Ends the host in order, and checks that nothing is left of the VMs. */
  @Override
  public void close() throws IOException {
    try {
      TestProbe<Done> ended = kit.createTestProbe();
      host.tell(new HostActor.Shutdown(ended.getRef()));
      ended.receiveMessage(PATIENCE);
      try (Stream<Path> left = Files.list(root.resolve("run"))) {
        assertThat(left).as("socket folders").isEmpty();
      }
      Awaitility.await()
          .atMost(PATIENCE)
          .until(() -> hypervisor.all().stream().allMatch(FakeMachine::gone));
      Awaitility.await().atMost(PATIENCE).until(() -> plane.bufferBytes() == 0);
    } finally {
      kit.shutdownTestKit();
      plane.close();
      loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
      blocking.shutdownNow();
      delete();
    }
  }

  private void delete() throws IOException {
    List<Path> all;
    try (Stream<Path> walk = Files.walk(root)) {
      all = walk.sorted(java.util.Comparator.reverseOrder()).toList();
    }
    for (Path path : all) {
      Files.deleteIfExists(path);
    }
  }
}
