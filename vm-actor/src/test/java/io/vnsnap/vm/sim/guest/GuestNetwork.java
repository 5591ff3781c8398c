package io.vnsnap.vm.sim.guest;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Guests on one wire, whose clocks are one. The wire does to frames what it is told to. */
final class GuestNetwork {
  static final long TICK = 10_000_000;
  private static final Guest.Options OPTIONS = new Guest.Options(TICK, 1000, 4);
  private static final int MEMORY_PAGES = 128;
  private static final Pattern FIELD = Pattern.compile("([a-z_]+)=(\\S+)");

  final List<Node> nodes = new ArrayList<>();

  /** What arrives for a frame that was sent; by default that frame. */
  Function<byte[], List<byte[]>> wire = List::of;

  private final String program;
  private final ArrayDeque<Runnable> deliveries = new ArrayDeque<>();
  private long nanos;

  GuestNetwork(String program, int guests) {
    this.program = program;
    for (int i = 0; i < guests; i++) {
      nodes.add(new Node(i, guests));
    }
  }

  /** One guest and its hardware. */
  final class Node implements Hardware {
    final List<String> console = new ArrayList<>();
    final GuestMemory memory = new GuestMemory(MEMORY_PAGES);
    final Guest guest;
    private final int number;
    boolean blocked;

    Node(int number, int guests) {
      this.number = number;
      this.guest =
          new Guest(commandLine(number, guests), List.of(mac(number)), memory, this, OPTIONS);
      guest.boot(7);
    }

    private String commandLine(int number, int guests) {
      List<String> peers = new ArrayList<>();
      for (int i = 0; i < guests; i++) {
        if (i != number) {
          peers.add(address(i));
        }
      }
      return "%s sim.pages=2 vnsnap.name=vm%d vnsnap.ip=%s/24 vnsnap.peers=%s"
          .formatted(program, number, address(number), String.join(",", peers));
    }

    @Override
    public long nanos() {
      return nanos;
    }

    @Override
    public boolean send(int vnic, byte[] frame, int length) {
      if (blocked) {
        return false;
      }
      byte[] copy = Arrays.copyOf(frame, length);
      deliveries.add(() -> wire.apply(copy).forEach(arrived -> deliver(number, arrived)));
      return true;
    }

    @Override
    public void print(String line) {
      console.add(line);
    }

    /** What the guest reports now. */
    Map<String, String> report() {
      Map<String, String> report = new HashMap<>();
      Matcher field = FIELD.matcher(guest.report());
      while (field.find()) {
        report.put(field.group(1), field.group(2));
      }
      return report;
    }

    long figure(String key) {
      String text = report().get(key);
      if (text == null) {
        throw new IllegalArgumentException(key + " is not in " + guest.report());
      }
      return Long.parseLong(text);
    }
  }

  private static String address(int number) {
    return "10.0.0." + (number + 1);
  }

  private static String mac(int number) {
    return "52:54:00:00:00:%02x".formatted(number);
  }

  private void deliver(int from, byte[] frame) {
    for (Node node : nodes) {
      if (node.number != from && !node.guest.offer(0, frame, frame.length)) {
        node.guest.run();
        node.guest.offer(0, frame, frame.length);
      }
    }
  }

  /** Lets time pass. */
  GuestNetwork run(int ticks) {
    for (int i = 0; i < ticks; i++) {
      nanos += TICK;
      for (Node node : nodes) {
        node.guest.tick();
        settle();
      }
    }
    return this;
  }

  private void settle() {
    boolean any = true;
    while (any) {
      any = !deliveries.isEmpty();
      while (!deliveries.isEmpty()) {
        deliveries.remove().run();
      }
      for (Node node : nodes) {
        any |= node.guest.run();
      }
    }
  }

  long sum(String key) {
    return nodes.stream().mapToLong(node -> node.figure(key)).sum();
  }
}
