package io.vnsnap.bench.gate;

import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.bench.Cleanup;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A way from one guest to another: through a plain relay or VNsnap's network, in one JVM or two.
 */
final class Route {
  private final String name;
  private final Guest from;
  private final Guest to;
  private final String threads;
  private @Nullable Network network;
  private @Nullable PeerProcess peer;
  private @Nullable Traffic traffic;
  private int epoch;

  private Route(String name, String threads, Path folder, Cleanup cleanup) throws IOException {
    this.name = name;
    this.threads = threads;
    this.from = guest(folder.resolve(name + "-from"), cleanup);
    this.to = guest(folder.resolve(name + "-to"), cleanup);
  }

  private static Guest guest(Path path, Cleanup cleanup) throws IOException {
    Guest guest = new Guest(path);
    cleanup.add(guest::close);
    return guest;
  }

  /** Through a plain relay. */
  static Route relay(Path folder, Cleanup cleanup) throws IOException {
    Route route = new Route("relay", PlainRelay.THREADS, folder, cleanup);
    cleanup.add(PlainRelay.between(route.from.path(), route.to.path())::close);
    return route;
  }

  /** Through port, gate, link, gate and port of one host. */
  static Route gates(Path folder, Cleanup cleanup)
      throws IOException, BenchmarkException, InterruptedException {
    Route route = new Route("gates", Network.THREADS, folder, cleanup);
    Network network = route.network(cleanup);
    Map<Integer, Path> sockets = Map.of(0, route.from.path(), 1, route.to.path());
    network.start("a", List.of("a", "a"), sockets, 0);
    return route;
  }

  /** Through two plain relays in two JVMs, with a TCP connection between them. */
  static Route relayTrunk(Path folder, Cleanup cleanup)
      throws IOException, BenchmarkException, InterruptedException {
    Route route = new Route("relay-tcp", PlainRelay.THREADS, folder, cleanup);
    PeerProcess peer = route.peer(true, cleanup);
    cleanup.add(PlainRelay.toPort(route.from.path(), peer.port())::close);
    return route;
  }

  /** Through port and gate of one JVM, the trunk, and gate and port of another. */
  static Route gatesTrunk(Path folder, Cleanup cleanup)
      throws IOException, BenchmarkException, InterruptedException {
    Route route = new Route("gates-trunk", Network.THREADS, folder, cleanup);
    Network network = route.network(cleanup);
    PeerProcess peer = route.peer(false, cleanup);
    network.start("a", PeerCommand.HOSTS, Map.of(0, route.from.path()), peer.port());
    peer.order("start " + network.trunkPort());
    return route;
  }

  private Network network(Cleanup cleanup) throws IOException {
    Network made = new Network();
    cleanup.add(made::close);
    network = made;
    return made;
  }

  private PeerProcess peer(boolean relay, Cleanup cleanup)
      throws IOException, BenchmarkException, InterruptedException {
    PeerProcess made = new PeerProcess(to.path(), relay);
    cleanup.add(made::close);
    peer = made;
    return made;
  }

  String name() {
    return name;
  }

  /** The frames that are sent on it. */
  Traffic traffic() throws BenchmarkException, InterruptedException {
    if (traffic == null) {
      traffic = new Traffic(from.socket(), to.socket());
    }
    return traffic;
  }

  /** What its event loops have used so far, in both JVMs; others of their kind must be idle. */
  LoopUse use() throws BenchmarkException, InterruptedException {
    LoopUse here = LoopUse.ofThreads(threads);
    return peer == null ? here : here.plus(peer.use());
  }

  /** The receiving VNIC makes a cut and the sending one does not: all that arrives is recorded. */
  void record() throws BenchmarkException, InterruptedException {
    epoch++;
    if (network == null) {
      return; // a relay has nothing to record with
    }
    if (peer == null) {
      network.record(epoch);
    } else {
      peer.order("record " + epoch);
    }
  }

  /** The cut is forgotten, and what was recorded. */
  void forget() throws BenchmarkException, InterruptedException {
    if (network == null) {
      return;
    }
    network.abort(epoch);
    if (peer != null) {
      peer.order("abort " + epoch);
    }
  }

  /** Frames that gates have lost or refused so far. */
  long lost() throws BenchmarkException, InterruptedException {
    if (network == null) {
      return 0;
    }
    return network.lost() + (peer == null ? 0 : peer.lost());
  }
}
