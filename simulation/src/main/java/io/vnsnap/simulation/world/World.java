package io.vnsnap.simulation.world;

import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.Behaviors;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.proto.wire.ToHost;
import io.vnsnap.proto.wire.ToVne;
import io.vnsnap.simulation.akka.JournalDisk;
import io.vnsnap.simulation.akka.VirtualSystem;
import io.vnsnap.simulation.kernel.Kernel;
import io.vnsnap.simulation.net.Wires;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionStage;

/**
 * A cluster of one coordinator and some hosts, with one VNE. Everything that it does happens as
 * events of its kernel; methods here are called between events.
 */
public final class World {
  /** Name of the coordinator's machine. */
  public static final String COORDINATOR = "c";

  private static final long NOTICE_NANOS = 30_000_000;
  private static final long USER_TIMEOUT_NANOS = 300_000_000;

  private final Kernel kernel;
  private final VirtualSystem system;
  private final SplittableRandom random;
  private final Mischief mischief;
  private final Wires wires;
  private final Post post;
  private final JournalDisk journal;
  private final MemoryStore store;
  private final String vne;
  private final long guestSeed;
  private final SimulatedCoordinator coordinator;
  private final Map<String, SimulatedHost> hosts = new LinkedHashMap<>();
  private final Set<String> unreachable = new LinkedHashSet<>();
  private Set<ActorRef<ToHost>> reachable = Set.of();

  /**
   * A cluster that is not started.
   *
   * @param kernel at the beginning of a run
   * @param hostNames one letter each
   */
  public World(Kernel kernel, VirtualSystem system, String vne, List<String> hostNames) {
    this.kernel = kernel;
    this.system = system;
    this.vne = vne;
    this.random = kernel.newRandom();
    this.guestSeed = random.nextLong();
    this.mischief = new Mischief(kernel);
    this.wires = new Wires(kernel);
    this.post = new Post(kernel, wires, mischief);
    this.journal = new JournalDisk(kernel);
    this.store = new MemoryStore(mischief);
    this.coordinator = new SimulatedCoordinator(this, vne);
    hostNames.forEach(name -> hosts.put(name, new SimulatedHost(this, name)));
  }

  /** Starts all processes. */
  public void start() {
    hosts.values().forEach(SimulatedHost::start);
    coordinator.start();
    hosts.keySet().forEach(this::noticeSoon);
  }

  // ---- what is where

  /** Its time and queue. */
  public Kernel kernel() {
    return kernel;
  }

  VirtualSystem system() {
    return system;
  }

  /** All sockets. */
  public Wires wires() {
    return wires;
  }

  Post post() {
    return post;
  }

  /** When all messages that are under way now will have arrived, virtual time. */
  public long messagesArriveAt() {
    return post.emptyAt();
  }

  /** What the coordinator has written. */
  public JournalDisk journal() {
    return journal;
  }

  /** What hosts have written. */
  public MemoryStore store() {
    return store;
  }

  /** How things go wrong by themselves. */
  public Mischief mischief() {
    return mischief;
  }

  long guestSeed() {
    return guestSeed;
  }

  /** Names of the hosts. */
  public List<String> hostNames() {
    return List.copyOf(hosts.keySet());
  }

  /** Whether a host's process runs. */
  public boolean isAlive(String host) {
    return host(host).isAlive();
  }

  /** Counts how often the coordinator began anew, after it was killed or has failed. */
  public int coordinatorLives() {
    return coordinator.lives();
  }

  private SimulatedHost host(String name) {
    SimulatedHost host = hosts.get(name);
    if (host == null) {
      throw new IllegalArgumentException("no host " + name);
    }
    return host;
  }

  /** Memory of the buffers of a host's data plane, bytes; 0 if it does not run. */
  public long bufferBytes(String host) {
    SimulatedHost.Life life = host(host).life();
    return life == null ? 0 : life.transport().bufferBytes();
  }

  /** The same at the worst moment of its present life. */
  public long mostBufferBytes(String host) {
    SimulatedHost.Life life = host(host).life();
    return life == null ? 0 : life.transport().mostBufferBytes();
  }

  /** Asks all guests that run somewhere what they say of themselves, by VM and host. */
  public Map<String, CompletionStage<String>> reports() {
    Map<String, CompletionStage<String>> reports = new LinkedHashMap<>();
    for (SimulatedHost host : hosts.values()) {
      SimulatedHost.Life life = host.life();
      if (life != null) {
        life.hypervisor()
            .machines()
            .forEach((vm, machine) -> reports.put(vm + "@" + host.name(), machine.report()));
      }
    }
    return reports;
  }

  // ---- clients

  /** Asks the VNE's coordinator. */
  public Call ask(VneRequest.Builder request) {
    VneRequest whole = request.setVne(vne).build();
    Call call = new Call(Words.of(whole), coordinator.lives());
    kernel.note("client asks: " + call.what());
    system.spawn(
        kernel.outside(),
        Behaviors.<VneReply>receiveMessage(reply -> {
          call.answered(reply);
          kernel.note("client hears: " + call);
          return Behaviors.stopped();
        }),
        "client",
        client -> kernel.soon(kernel.outside(), () -> hand(call, new ToVne.Ask(whole, client))));
    return call;
  }

  private void hand(Call call, ToVne.Ask ask) {
    if (!coordinator.tell(ask)) {
      kernel.note(call.what() + " finds no coordinator");
      call.lose();
    }
  }

  /** A report to whatever coordinator there is when it arrives. */
  void report(String from, String what, ToVne message) {
    post.send(
        from,
        COORDINATOR,
        kernel.outside(),
        what,
        () -> {
          if (!coordinator.tell(message)) {
            kernel.note(what + " finds no coordinator");
          }
        });
  }

  // ---- what the cluster knows of its members

  Set<ActorRef<ToHost>> reachable() {
    return reachable;
  }

  private void noticeSoon(String host) {
    kernel.after(NOTICE_NANOS + random.nextLong(NOTICE_NANOS), kernel.outside(), this::noticeNow);
  }

  private void noticeNow() {
    Set<ActorRef<ToHost>> now = new LinkedHashSet<>();
    for (SimulatedHost host : hosts.values()) {
      SimulatedHost.Life life = host.life();
      ActorRef<ToHost> reference = life == null ? null : life.reference().get();
      if (reference != null && !unreachable.contains(host.name())) {
        now.add(reference);
      }
    }
    if (!now.equals(reachable)) {
      reachable = now;
      kernel.note("reachable hosts: " + now.stream().map(ref -> ref.path().name()).toList());
      coordinator.hostsChanged(now);
    }
  }

  // ---- what goes wrong on purpose

  /** Kills a host's process, with all its VMs. The cluster notices later. */
  public void killHost(String name) {
    SimulatedHost host = host(name);
    SimulatedHost.Life life = host.life();
    if (life != null) {
      kernel.note(life.process(), "is killed");
      host.kill();
      noticeSoon(name);
    }
  }

  /** Starts a host that does not run. The cluster has noticed that it was gone. */
  public void startHost(String name) {
    if (!host(name).isAlive()) {
      noticeNow();
      host(name).start();
      noticeSoon(name);
    }
  }

  /** Kills the coordinator's process. */
  public void killCoordinator() {
    coordinator.kill();
  }

  /** Starts it again; it recovers from the journal. */
  public void startCoordinator() {
    if (!coordinator.isAlive()) {
      coordinator.start();
    }
  }

  /** Nothing gets from one machine to the other for a time. */
  public void cutRoute(String machine, String other, long nanos) {
    long until = kernel.nanos() + nanos;
    kernel.note("route %s-%s is cut for %d ms".formatted(machine, other, nanos / 1_000_000));
    wires.cut(machine, other, until);
    if (nanos > USER_TIMEOUT_NANOS) {
      kernel.after(
          USER_TIMEOUT_NANOS, kernel.outside(), () -> wires.breakConnections(machine, other));
    }
    String host = machine.equals(COORDINATOR) ? other : machine;
    boolean fromCoordinator = machine.equals(COORDINATOR) || other.equals(COORDINATOR);
    if (fromCoordinator && nanos > 2 * NOTICE_NANOS) {
      kernel.after(
          NOTICE_NANOS,
          kernel.outside(),
          () -> {
            unreachable.add(host);
            noticeNow();
          });
      kernel.after(
          nanos + NOTICE_NANOS,
          kernel.outside(),
          () -> {
            unreachable.remove(host);
            noticeNow();
          });
    }
  }

  /** Breaks the connections between two machines. */
  public void breakConnections(String machine, String other) {
    kernel.note("connections %s-%s break".formatted(machine, other));
    var unused = wires.breakConnections(machine, other);
  }

  /** A host's process gets no processor for a time. */
  public void freezeHost(String name, long nanos) {
    SimulatedHost.Life life = host(name).life();
    if (life != null) {
      kernel.note(life.process(), "is frozen for %d ms".formatted(nanos / 1_000_000));
      life.process().freezeUntil(kernel.nanos() + nanos);
    }
  }

  /** A VM that runs on a host ends by itself. */
  public void crashVm(String name) {
    SimulatedHost.Life life = host(name).life();
    if (life == null || life.hypervisor().machines().isEmpty()) {
      return;
    }
    List<MoodyMachine> machines = new ArrayList<>(life.hypervisor().machines().values());
    MoodyMachine victim = machines.get(random.nextInt(machines.size()));
    kernel.note(life.process(), "one of its VMs crashes");
    var unused = kernel.as(life.process(), victim::kill);
  }
}
