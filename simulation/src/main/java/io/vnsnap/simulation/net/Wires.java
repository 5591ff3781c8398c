package io.vnsnap.simulation.net;

import io.vnsnap.simulation.kernel.Kernel;
import io.vnsnap.simulation.kernel.SimulatedProcess;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * All sockets of the world, and what lies between them. Internet addresses are reached over routes
 * between machines, which are slow and can be cut; others are within a machine.
 */
public final class Wires {
  private static final int LOCAL_BYTES = 32 * 1024;
  private static final int REMOTE_BYTES = 16 * 1024;
  private static final long LOCAL_NANOS = 4_000;
  private static final int LOCAL_SPREAD = 40_000;
  private static final int LATE_ODDS = 12;
  private static final int LATE_SPREAD = 4_000_000;
  private static final long CONNECT_TIMEOUT = 200_000_000;

  private final Kernel kernel;
  private final SplittableRandom random;
  private final Map<SocketAddress, VirtualListener> listening = new HashMap<>();
  private final Map<String, Long> cutUntil = new HashMap<>();
  private final Set<VirtualSocket> open = new LinkedHashSet<>();
  private final long remoteNanos;
  private final int remoteSpread;

  /** No sockets yet. */
  public Wires(Kernel kernel) {
    this.kernel = kernel;
    this.random = kernel.newRandom();
    this.remoteNanos = 20_000L << random.nextInt(8);
    this.remoteSpread = 1 + (int) (remoteNanos * random.nextInt(1, 4));
  }

  // ---- what goes wrong

  /**
   * Nothing gets from one machine to the other, in either direction, until then. What is under way
   * arrives later.
   */
  public void cut(String machine, String other, long untilNanos) {
    cutUntil.merge(pair(machine, other), untilNanos, Math::max);
  }

  private static String pair(String machine, String other) {
    return machine.compareTo(other) < 0 ? machine + " " + other : other + " " + machine;
  }

  /** When something can get from one machine to the other. */
  public long opensAt(String machine, String other) {
    return Math.max(kernel.nanos(), cutUntil.getOrDefault(pair(machine, other), 0L));
  }

  /**
   * Breaks all connections between two machines: what is under way is lost, both ends hear of it.
   */
  public int breakConnections(String machine, String other) {
    int broken = 0;
    for (VirtualSocket socket : List.copyOf(open)) {
      Pipe out = socket.outgoing();
      if (out != null
          && socket.remoteAddress() instanceof InetSocketAddress remote
          && pair(socket.machine(), remote.getHostString()).equals(pair(machine, other))) {
        out.breakOff();
        broken++;
      }
    }
    return broken;
  }

  /** The system closes the sockets of a process that has died. */
  public void closeSocketsOf(SimulatedProcess dead) {
    List<VirtualSocket> orphans = new ArrayList<>();
    for (VirtualSocket socket : open) {
      SimulatedProcess owner = socket.process();
      if (owner != null && !owner.isAlive()) {
        orphans.add(socket);
      }
    }
    for (VirtualSocket orphan : orphans) {
      open.remove(orphan);
      Pipe out = orphan.outgoing();
      if (out != null) {
        out.finish();
      }
    }
    listening.values().removeIf(listener -> !listener.process().isAlive());
    kernel.note(dead, "its " + orphans.size() + " sockets are closed");
  }

  /**
   * The open ends of connections of processes that live, as "machine: its address to the other".
   */
  public List<String> connections() {
    return open.stream().map(VirtualSocket::toString).toList();
  }

  // ---- what sockets do

  void listen(SocketAddress address, VirtualListener listener) throws BindException {
    if (listening.putIfAbsent(address, listener) != null) {
      throw new BindException(address + " is taken");
    }
  }

  void unlisten(SocketAddress address, VirtualListener listener) {
    listening.remove(address, listener);
  }

  void connect(VirtualSocket client, SocketAddress to) {
    boolean remote = to instanceof InetSocketAddress;
    kernel.after(
        remote ? remoteDelay() : localDelay(), kernel.outside(), () -> answer(client, to, remote));
  }

  private void answer(VirtualSocket client, SocketAddress to, boolean remote) {
    SimulatedProcess process = client.process();
    if (process == null || !process.isAlive()) {
      return;
    }
    VirtualListener listener = listening.get(to);
    if (listener == null || !listener.process().isAlive()) {
      client.refused(new ConnectException("nobody listens at " + to));
      return;
    }
    if (remote && opensAt(client.machine(), listener.machine()) > kernel.nanos()) {
      kernel.after(
          CONNECT_TIMEOUT,
          kernel.outside(),
          () -> client.refused(new ConnectException("no answer from " + to)));
      return;
    }
    SocketAddress from = remote ? Machines.address(client.machine(), 40_000 + open.size()) : to;
    VirtualSocket accepted = new VirtualSocket(this, listener, to, from);
    Pipe forth = pipe(remote, client.machine(), listener.machine());
    Pipe back = pipe(remote, client.machine(), listener.machine());
    forth.join(client, accepted);
    back.join(accepted, client);
    client.join(back, forth);
    accepted.join(forth, back);
    if (client.isOpen()) {
      open.add(client);
    }
    open.add(accepted);
    listener.add(accepted);
    client.connected(from, to);
  }

  private Pipe pipe(boolean remote, String machine, String other) {
    if (!remote) {
      return new Pipe(kernel, new LocalRoute(this), LOCAL_BYTES);
    }
    return new Pipe(kernel, new RemoteRoute(this, machine, other), REMOTE_BYTES);
  }

  void closed(VirtualSocket socket) {
    open.remove(socket);
  }

  /** How much of so many bytes is read at once. */
  int readLength(int bytes) {
    return bytes > 1 && random.nextInt(8) == 0 ? random.nextInt(1, bytes) : bytes;
  }

  /** Now and then whoever reads comes late. */
  private long localDelay() {
    return LOCAL_NANOS
        + random.nextInt(random.nextInt(LATE_ODDS) == 0 ? LATE_SPREAD : LOCAL_SPREAD);
  }

  /** Time that a message between two machines takes. */
  public long remoteDelay() {
    return remoteNanos + random.nextInt(remoteSpread);
  }

  private record LocalRoute(Wires wires) implements Pipe.Route {
    @Override
    public long delay() {
      return wires.localDelay();
    }

    @Override
    public long opensAt() {
      return wires.kernel.nanos();
    }
  }

  private record RemoteRoute(Wires wires, String machine, String other) implements Pipe.Route {
    @Override
    public long delay() {
      return wires.remoteDelay();
    }

    @Override
    public long opensAt() {
      return wires.opensAt(machine, other);
    }
  }
}
