package io.vnsnap.vm.sim;

import io.netty.channel.EventLoop;
import io.vnsnap.vm.MachineSpec;
import io.vnsnap.vm.sim.guest.Guest;
import io.vnsnap.vm.sim.guest.GuestMemory;
import io.vnsnap.vm.sim.guest.Hardware;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * What a simulated VM consists of: memory and the guest in it, clock, console and cards. Used on
 * the event loop.
 */
final class Board implements Hardware {
  private final MachineSpec spec;
  private final GuestMemory memory;
  private final GuestClock clock;
  private final SerialConsole console;
  private final List<NetworkCard> cards = new ArrayList<>();
  private final Guest guest;
  private final Runnable framesCame;
  private boolean running;
  private boolean busy;

  /**
   * A board, paused, without sockets yet.
   *
   * @param framesCame called when frames have come for a guest that is not at work
   * @throws IllegalArgumentException if the guest's command line is wrong or its memory too small
   */
  Board(
      MachineSpec spec,
      GuestMemory memory,
      GuestClock clock,
      Guest.Options options,
      Runnable framesCame) {
    this.spec = spec;
    this.memory = memory;
    this.clock = clock;
    this.framesCame = framesCame;
    this.console = new SerialConsole("console of VM " + spec.name());
    for (int i = 0; i < spec.vnics().size(); i++) {
      String name = "VNIC " + spec.vnics().get(i).name() + " of VM " + spec.name();
      cards.add(new NetworkCard(name, new Slot(i)));
    }
    this.guest =
        new Guest(
            spec.boot().commandLine(),
            spec.vnics().stream().map(MachineSpec.Vnic::mac).toList(),
            memory,
            this,
            options);
  }

  private final class Slot implements NetworkCard.Slot {
    private final int number;

    Slot(int number) {
      this.number = number;
    }

    @Override
    public boolean offer(byte[] frame) {
      return running && guest.offer(number, frame, frame.length);
    }

    @Override
    public void framesCame() {
      if (running && !busy) {
        framesCame.run();
      }
    }
  }

  static Path networkSocket(MachineSpec spec, int number) {
    return spec.folder().resolve("net" + number);
  }

  static Path consoleSocket(MachineSpec spec) {
    return spec.folder().resolve("console");
  }

  /** Makes console and cards listen. */
  CompletionStage<Void> listen(EventLoop loop, GuestSockets sockets) {
    List<CompletableFuture<Void>> bound = new ArrayList<>();
    bound.add(console.socket().bind(loop, sockets, consoleSocket(spec)).toCompletableFuture());
    for (int i = 0; i < cards.size(); i++) {
      bound.add(
          cards.get(i).socket().bind(loop, sockets, networkSocket(spec, i)).toCompletableFuture());
    }
    return CompletableFuture.allOf(bound.toArray(CompletableFuture[]::new));
  }

  GuestMemory memory() {
    return memory;
  }

  Guest guest() {
    return guest;
  }

  /** The guest runs from now on. */
  void start(long seed) {
    clock.start();
    running = true;
    if (!guest.hasBooted()) {
      guest.boot(seed);
    }
    work();
  }

  /**
   * Nothing of the guest runs from now on.
   *
   * @return completes when everything it has sent can be read from its sockets; never fails
   */
  CompletionStage<Void> stop() {
    running = false;
    clock.stop();
    return CompletableFuture.allOf(
        cards.stream()
            .map(card -> card.paused().toCompletableFuture())
            .toArray(CompletableFuture[]::new));
  }

  void tick() {
    busy = true;
    try {
      guest.tick();
    } finally {
      busy = false;
    }
    work();
  }

  /** Lets the guest handle the frames that are there. */
  void work() {
    busy = true;
    try {
      cards.forEach(NetworkCard::handOver);
      while (guest.run()) {
        cards.forEach(NetworkCard::handOver);
      }
    } finally {
      busy = false;
    }
    cards.forEach(NetworkCard::flush);
  }

  void close() {
    running = false;
    console.close();
    cards.forEach(NetworkCard::close);
  }

  // ---- Hardware

  @Override
  public long nanos() {
    return clock.nanos();
  }

  @Override
  public boolean send(int vnic, byte[] frame, int length) {
    return cards.get(vnic).send(frame, length);
  }

  @Override
  public void print(String line) {
    console.print(line);
  }
}
