package io.vnsnap.net;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import io.vnsnap.net.gate.GateEvents;
import io.vnsnap.net.gate.TestFrame;
import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.DropCount;
import io.vnsnap.proto.Endpoint;
import io.vnsnap.proto.RecordedFrame;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * Two data planes, joined by trunks that can be broken, with VMs: two on each host and all on one
 * link, unless told otherwise.
 */
final class TwoHosts implements AutoCloseable {
  static final int VNICS = 4;
  private static final long NETWORK = 0x1234_5678_9abc_def0L;
  private static final Duration CONNECT_DEADLINE = Duration.ofSeconds(5);
  private static final Duration QUIET = Duration.ofMillis(400);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  record Log(List<ChannelRecord> channels, List<RecordedFrame> frames) {}

  /** A VNIC with its VM. */
  final class Node implements GateEvents {
    final int number;
    final FakeQemu vm;
    final VnicOrders orders;
    final Map<Integer, Log> logs = new ConcurrentHashMap<>();
    final Map<Integer, FakeQemu.Image> images = new ConcurrentHashMap<>();
    final List<String> closings = new CopyOnWriteArrayList<>();
    final List<Integer> red = new CopyOnWriteArrayList<>();
    long heldFrames;

    Node(int number, List<Integer> peers, Segment segment) throws IOException {
      this.number = number;
      Path socket = folder.resolve("v" + number);
      this.vm = new FakeQemu(socket, number, peers);
      this.orders = segment.orders(number);
      done(orders.listen(this));
      done(orders.connect(socket, CONNECT_DEADLINE));
      await().atMost(PATIENCE).until(vm::isConnected);
    }

    /** The whole cut of a VM with this VNIC only. */
    void cut(int epoch) {
      cutTogether(epoch, List.of(this));
    }

    Log log(int epoch) {
      await().atMost(PATIENCE).until(() -> logs.containsKey(epoch));
      return requireNonNull(logs.get(epoch));
    }

    @Override
    public void redSeen(int epoch) {
      red.add(epoch);
    }

    @Override
    public void logClosed(
        int epoch, List<ChannelRecord> channels, Collection<RecordedFrame> frames, Runnable free) {
      logs.put(epoch, new Log(channels, List.copyOf(frames)));
    }

    @Override
    public void recordingFailed(int epoch, String reason) {
      throw new AssertionError(reason);
    }

    @Override
    public void portClosed(String reason) {
      closings.add(reason);
    }

    @Override
    public void holdExpired(int epoch) {
      throw new AssertionError("hold expired at " + epoch);
    }
  }

  final DataPlane a;
  final DataPlane b;
  final Proxy aToB;
  final Segment onA;
  final Segment onB;
  final List<Node> nodes = new ArrayList<>();
  private final Path folder = Files.createTempDirectory(Path.of("/tmp"), "vn");
  private final ExecutorService cutters = Executors.newFixedThreadPool(VNICS);

  TwoHosts() throws IOException {
    this(settings());
  }

  TwoHosts(NetSettings settings) throws IOException {
    this(
        settings,
        IntStream.range(0, VNICS)
            .mapToObj(i -> new Vnic(i, "vm" + i, "eth0", mac(i), "lan", i < VNICS / 2 ? "a" : "b"))
            .toList());
  }

  /** With these VNICs, on hosts a and b; VNIC i has the address of that number. */
  TwoHosts(List<Vnic> vnics) throws IOException {
    this(settings(), vnics);
  }

  private TwoHosts(NetSettings settings, List<Vnic> vnics) throws IOException {
    a = DataPlane.open(settings);
    b = DataPlane.open(settings);
    aToB = new Proxy(b.endpoint().getPort());
    Endpoint throughProxy =
        Endpoint.newBuilder().setAddress("localhost").setPort(aToB.port()).build();
    Map<String, Endpoint> trunks = Map.of("a", a.endpoint(), "b", throughProxy);
    onA = a.createSegment(new SegmentSpec("vne", NETWORK, "a", vnics, trunks, Map.of()));
    onB = b.createSegment(new SegmentSpec("vne", NETWORK, "b", vnics, trunks, Map.of()));
    for (Vnic vnic : vnics) {
      List<Integer> peers =
          vnics.stream()
              .filter(other -> !other.equals(vnic) && other.link().equals(vnic.link()))
              .map(Vnic::number)
              .toList();
      nodes.add(new Node(vnic.number(), peers, vnic.host().equals("a") ? onA : onB));
    }
    nodes.forEach(node -> done(node.orders.open()));
  }

  static String mac(int vnic) {
    return "52:54:00:00:00:%02x".formatted(vnic);
  }

  /** The whole cut of a VM with these VNICs, in the order that keeps every frame. */
  static void cutTogether(int epoch, List<Node> vnics) {
    for (Node vnic : vnics) {
      // On a busy machine the thread of a VM may not get to run within the deadline of one hold.
      await().atMost(PATIENCE).until(() -> done(vnic.orders.hold(epoch)).quiet());
    }
    vnics.forEach(vnic -> vnic.images.put(epoch, vnic.vm.pause()));
    vnics.forEach(vnic -> done(vnic.orders.turnRed(epoch)));
    vnics.forEach(vnic -> vnic.vm.resume());
    vnics.forEach(vnic -> vnic.heldFrames += done(vnic.orders.release(epoch)).heldFrames());
  }

  static NetSettings settings() {
    return settings("");
  }

  /** The settings of reference.conf with changes. */
  static NetSettings settings(String changes) {
    return NetSettings.from(
        ConfigFactory.parseString(changes).withFallback(ConfigFactory.load()).resolve());
  }

  static <T> T done(CompletionStage<T> stage) {
    return stage.toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join();
  }

  /** Cuts all VMs, each when its thread gets to it. */
  void cutAll(int epoch) {
    cutAll(epoch, nodes.stream().map(List::of).toList());
  }

  /** Cuts all VMs, given by their VNICs, each when its thread gets to it. */
  void cutAll(int epoch, List<List<Node>> vms) {
    done(
        CompletableFuture.allOf(
            vms.stream()
                .map(vm -> CompletableFuture.runAsync(() -> cutTogether(epoch, vm), cutters))
                .toArray(CompletableFuture<?>[]::new)));
  }

  void stopSending() {
    nodes.forEach(node -> node.vm.stopSending());
  }

  /** Waits until nothing more arrives anywhere for a while. */
  void settle() {
    AtomicInteger last = new AtomicInteger(-1);
    await().atMost(PATIENCE).during(QUIET).until(() -> last.getAndSet(taken()) == taken());
  }

  private int taken() {
    return nodes.stream().mapToInt(node -> node.vm.taken().size()).sum();
  }

  static List<TestFrame> sentTo(List<TestFrame> emitted, Node to) {
    return emitted.stream()
        .filter(frame -> frame.to() == TestFrame.ALL || frame.to() == to.number)
        .toList();
  }

  static List<TestFrame> from(Node sender, List<TestFrame> taken) {
    return taken.stream().filter(frame -> frame.from() == sender.number).toList();
  }

  /** What a restore of this cut would give the receiver from this sender. */
  static List<TestFrame> restored(Node from, Node to, int epoch) {
    List<TestFrame> frames =
        new ArrayList<>(from(from, requireNonNull(to.images.get(epoch)).taken()));
    frames.addAll(from(from, to.log(epoch).frames().stream().map(TestFrame::of).toList()));
    return frames;
  }

  static ChannelRecord account(Node from, Node to, int epoch) {
    return to.log(epoch).channels().stream()
        .filter(channel -> channel.getFrom() == from.number)
        .findFirst()
        .orElseThrow();
  }

  static long drops(ChannelRecord account) {
    return account.getDropsList().stream().mapToLong(DropCount::getFrames).sum();
  }

  @Override
  public void close() throws IOException {
    for (Node node : nodes) {
      node.vm.close();
    }
    done(onA.close());
    done(onB.close());
    await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(a.bufferBytes()).as("buffers of a").isZero());
    await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(b.bufferBytes()).as("buffers of b").isZero());
    a.close();
    b.close();
    aToB.close();
    cutters.shutdownNow();
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }
}
