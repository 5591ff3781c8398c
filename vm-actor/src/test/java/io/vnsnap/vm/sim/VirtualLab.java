package io.vnsnap.vm.sim;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ManualIoEventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.local.LocalIoHandler;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.vm.Capture;
import io.vnsnap.vm.Machine;
import io.vnsnap.vm.MachineSpec;
import io.vnsnap.vm.MemoryStore;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Simulated machines on one event loop under virtual time, their VNICs on one wire. Nothing happens
 * but in the calls here, on the caller's thread.
 */
final class VirtualLab implements AutoCloseable {
  /** A network that is quiet already. */
  static final Supplier<CompletionStage<?>> QUIET = () -> CompletableFuture.completedStage(null);

  static final SimulatedSettings SETTINGS =
      new SimulatedSettings(
          Duration.ofMillis(50), 1000, 4, Duration.ofSeconds(1), Duration.ofSeconds(10), 3);

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  final MockTicker ticker = Ticker.newMockTicker();
  final ManualIoEventLoop loop =
      new ManualIoEventLoop(null, Thread.currentThread(), LocalIoHandler.newFactory(), ticker);
  final MemoryStore store = new MemoryStore();
  final SimulatedEnvironment environment;
  final SimulatedHypervisor hypervisor;
  final Map<String, Machine> machines = new LinkedHashMap<>();
  final Map<String, List<String>> consoles = new LinkedHashMap<>();
  final Map<String, Channel> wires = new LinkedHashMap<>();

  /** Every frame that went over the wire, as text. */
  final List<String> frames = new ArrayList<>();

  private final int guests;
  private final String program;

  VirtualLab(String program, int guests, long seed) {
    this.program = program;
    this.guests = guests;
    this.environment =
        new SimulatedEnvironment(
            () -> loop,
            () -> Instant.ofEpochSecond(1_000_000).plusNanos(ticker.nanoTime()),
            GuestSockets.local(),
            loop,
            seed,
            4711);
    this.hypervisor = new SimulatedHypervisor(SETTINGS, environment);
  }

  MachineSpec spec(String vm) {
    int number = Integer.parseInt(vm.substring(2));
    String peers =
        IntStream.range(0, guests)
            .filter(i -> i != number)
            .mapToObj(i -> "10.0.0." + (i + 1))
            .collect(Collectors.joining(","));
    return new MachineSpec(
        vm,
        Path.of("/virtual", Integer.toHexString(System.identityHashCode(this)), vm),
        Path.of("/virtual/disks"),
        1,
        1,
        new MachineSpec.Boot(
            null,
            null,
            "%s sim.pages=2 vnsnap.name=%s vnsnap.ip=10.0.0.%d/24 vnsnap.peers=%s"
                .formatted(program, vm, number + 1, peers)),
        List.of(),
        List.of(new MachineSpec.Vnic("eth0", "52:54:00:00:00:%02x".formatted(number))));
  }

  List<String> names() {
    return IntStream.range(0, guests).mapToObj(i -> "vm" + i).toList();
  }

  /** Boots all and lets them run. */
  VirtualLab boot() {
    names().forEach(vm -> plugIn(vm, await(hypervisor.start(spec(vm)))));
    machines.values().forEach(machine -> await(machine.resume()));
    return this;
  }

  /** Loads all from images and leaves them paused. */
  VirtualLab load(MemoryStore from, String snapshot) {
    names().forEach(vm -> plugIn(vm, load(vm, from.read(snapshot, vm))));
    return this;
  }

  Machine load(String vm, ImageReader image) {
    return await(hypervisor.load(spec(vm), image));
  }

  private void plugIn(String vm, Machine machine) {
    machines.put(vm, machine);
    List<String> lines = new ArrayList<>();
    consoles.put(vm, lines);
    connect(
        machine.consoleSocket(),
        new LineBasedFrameDecoder(4096),
        new SimpleChannelInboundHandler<ByteBuf>() {
          @Override
          protected void channelRead0(ChannelHandlerContext context, ByteBuf line) {
            lines.add(line.toString(StandardCharsets.UTF_8));
          }
        });
    wires.put(
        vm,
        connect(
            machine.networkSocket("eth0"),
            new LengthFieldBasedFrameDecoder(70_000, 0, 4, 0, 0),
            new SimpleChannelInboundHandler<ByteBuf>() {
              @Override
              protected void channelRead0(ChannelHandlerContext context, ByteBuf framed) {
                onFrame(vm, framed);
              }
            }));
  }

  private void onFrame(String from, ByteBuf framed) {
    byte[] bytes = new byte[framed.readableBytes()];
    framed.getBytes(framed.readerIndex(), bytes);
    frames.add(ticker.nanoTime() + " " + from + " " + HexFormat.of().formatHex(bytes));
    wires.forEach((to, wire) -> {
      if (!to.equals(from)) {
        var unused = wire.writeAndFlush(Unpooled.wrappedBuffer(bytes));
      }
    });
  }

  Channel connect(Path socket, io.netty.channel.ChannelHandler... handlers) {
    var connecting =
        new Bootstrap()
            .group(loop)
            .channel(LocalChannel.class)
            .handler(
                new io.netty.channel.ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(handlers);
                  }
                })
            .connect(new LocalAddress(socket.toString()));
    settle();
    if (!connecting.isSuccess()) {
      throw new IllegalStateException("not connected to " + socket, connecting.cause());
    }
    return connecting.channel();
  }

  /** Cuts all at this instant; the wire is empty. Completes when the images are stored. */
  void snapshot(String id) {
    settle();
    List<Capture> captures = new ArrayList<>();
    for (Map.Entry<String, Machine> vm : machines.entrySet()) {
      captures.add(
          await(
              vm.getValue()
                  .prepareCapture(
                      store.writeImage(ImageTarget.of(id, "vne", vm.getKey())), QUIET)));
    }
    machines.values().forEach(machine -> now(machine.pause()));
    settle();
    captures.forEach(capture -> now(capture.start()));
    captures.forEach(capture -> await(capture.stored()));
  }

  /** Lets virtual time pass. */
  VirtualLab run(Duration time) {
    for (long ms = 0; ms < time.toMillis(); ms++) {
      ticker.advance(1, TimeUnit.MILLISECONDS);
      settle();
    }
    return this;
  }

  /** Lets everything happen that is due now. */
  void settle() {
    int ran = 1;
    while (ran > 0) {
      ran = loop.runNow();
    }
  }

  /** What is there without time passing. */
  <T> T now(CompletionStage<T> stage) {
    settle();
    CompletableFuture<T> future = stage.toCompletableFuture();
    if (!future.isDone()) {
      throw new IllegalStateException("takes time");
    }
    return future.join();
  }

  /** What comes, within virtual minutes. */
  <T> T await(CompletionStage<T> stage) {
    CompletableFuture<T> future = stage.toCompletableFuture();
    for (long ms = 0; ms < PATIENCE.toMillis(); ms++) {
      settle();
      if (future.isDone()) {
        return future.join();
      }
      ticker.advance(1, TimeUnit.MILLISECONDS);
    }
    throw new IllegalStateException("did not complete in " + PATIENCE);
  }

  @Override
  public void close() {
    machines.values().forEach(machine -> await(machine.kill()));
    wires
        .values()
        .forEach(wire -> {
          var unused = wire.close();
        });
    settle();
  }
}
