package io.vnsnap.vm.sim.guest;

import io.vnsnap.vm.sim.guest.Events.Kind;
import java.util.List;

/**
 * A guest: a kernel that takes frames, and the program that its command line asks for. Used by one
 * thread.
 */
public final class Guest {
  private static final long SECOND = 1_000_000_000;
  private static final long LEAST_CATCH_UP = 100_000_000;
  private static final long MAGIC = 0x564e53494d303031L;

  private final CommandLine line;
  private final Hardware hardware;
  private final Options options;
  private final long fingerprint;
  private final Word booted;
  private final Word stepsLeft;
  private final Word lastTurn;
  private final Word reportAt;
  private final Word ticks;
  private final Word oversized;
  private final Randomness randomness;
  private final Events events;
  private final ReceiveRing ring;
  private final Mesh mesh;
  private final MemoryWitness witness;
  private final Application application;
  private final Frame frame = new Frame();

  /**
   * How fast a guest is.
   *
   * @param tickNanos between two turns
   * @param stepsPerTick frames it handles in one tick, at most
   * @param receivePages memory for frames that wait
   */
  public record Options(long tickNanos, int stepsPerTick, int receivePages) {}

  /**
   * A guest over memory that is empty or was loaded.
   *
   * @param commandLine of its kernel
   * @param macs of its VNICs
   * @throws IllegalArgumentException if the command line is wrong or the memory too small
   */
  public Guest(
      String commandLine,
      List<String> macs,
      GuestMemory memory,
      Hardware hardware,
      Options options) {
    this.line = CommandLine.parse(commandLine);
    this.hardware = hardware;
    this.options = options;
    this.fingerprint =
        Mixing.mix(
            MAGIC,
            Mixing.mix(
                Mixing.hash(line + " " + macs), Mixing.mix(memory.limit(), options.receivePages)));
    if (!line.peers().isEmpty() && (line.addresses().isEmpty() || macs.isEmpty())) {
      throw new IllegalArgumentException(
          "vnsnap.peers needs vnsnap.ip and a VNIC to reach them by");
    }
    if (line.addresses().stream().anyMatch(line.peers()::contains)) {
      throw new IllegalArgumentException("vnsnap.peers names the guest's own address");
    }
    Arena arena = new Arena(memory);
    this.booted = arena.word();
    this.stepsLeft = arena.word();
    this.lastTurn = arena.word();
    this.reportAt = arena.word();
    this.ticks = arena.word();
    this.oversized = arena.word();
    this.randomness = new Randomness(arena.word());
    this.events = new Events(line.name(), hardware, arena);
    this.mesh =
        new Mesh(
            line, macs.stream().map(Frame::parseMac).toList(), hardware, events, randomness, arena);
    this.application =
        switch (line.program()) {
          case TRAFFIC -> new Traffic(line, mesh, events, hardware, arena);
          case BANK -> new Bank(line, mesh, events, randomness, arena);
          case RING -> new Ring(line, mesh, events, arena);
        };
    this.ring = new ReceiveRing(arena, options.receivePages);
    this.witness = new MemoryWitness(line.pages(), events, randomness, arena);
  }

  /** Whether it has booted, perhaps in an earlier life. */
  public boolean hasBooted() {
    return booted.isSet();
  }

  /** Whether its memory is that of a guest built like this one. */
  public boolean fitsItsMemory() {
    return booted.get() == fingerprint;
  }

  /** Runs the first instructions. */
  public void boot(long seed) {
    randomness.seed(Mixing.mix(seed, Mixing.hash(line.name())));
    lastTurn.set(hardware.nanos());
    reportAt.set(hardware.nanos() + SECOND);
    stepsLeft.set(options.stepsPerTick());
    mesh.boot();
    application.boot();
    witness.boot();
    booted.set(fingerprint);
    hardware.print("BOOTED " + line.name());
  }

  /**
   * A network card puts a frame into the guest's memory.
   *
   * @return false, with nothing done, if there is no room now
   */
  public boolean offer(int vnic, byte[] content, int length) {
    if (length > Frame.MAX_BYTES) {
      oversized.add(1);
      return true;
    }
    return ring.offer(vnic, content, length);
  }

  /**
   * Handles frames, as many as it can before its next tick.
   *
   * @return whether it handled any
   */
  public boolean run() {
    boolean any = false;
    while (!ring.isEmpty() && stepsLeft.get() > 0) {
      stepsLeft.add(-1);
      ring.take(frame);
      mesh.handle(frame, application);
      any = true;
    }
    return any;
  }

  /** The timer has ticked. */
  public void tick() {
    long now = hardware.nanos();
    long elapsed =
        Math.clamp(now - lastTurn.get(), 0, Math.max(LEAST_CATCH_UP, 2 * options.tickNanos()));
    lastTurn.set(now);
    stepsLeft.set(options.stepsPerTick());
    witness.turn();
    mesh.turn(now);
    application.turn(now, elapsed, line.seconds() == 0 || ticks.get() < line.seconds());
    if (now >= reportAt.get()) {
      witness.check();
      application.check();
      ticks.add(1);
      reportAt.set(now - reportAt.get() >= SECOND ? now + SECOND : reportAt.get() + SECOND);
      hardware.print(report());
    }
  }

  /** What it says of itself once a second, in the format of the guest kit. */
  public String report() {
    return ("VNTRAFFIC vm=%s tick=%d peers=%d/%d udp_sent=%d udp_received=%d lost=%d duplicated=%d"
            + " reordered=%d tcp_sent=%d tcp_received=%d corrupt=%d broken=%d memory=%s dropped=%d"
            + " %s")
        .formatted(
            line.name(),
            ticks.get(),
            mesh.reachable(),
            mesh.size(),
            application.sent(),
            application.received(),
            events.number(Kind.LOST),
            events.number(Kind.DUPLICATED),
            events.number(Kind.REORDERED),
            application.streamSent(),
            application.streamReceived(),
            events.number(Kind.CORRUPT),
            events.number(Kind.BROKEN),
            events.number(Kind.MEMORY) == 0 ? "ok" : "torn",
            oversized.get(),
            application.remarks());
  }
}
