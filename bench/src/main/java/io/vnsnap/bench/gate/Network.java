package io.vnsnap.bench.gate;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Props;
import akka.actor.typed.SpawnProtocol;
import akka.actor.typed.javadsl.AskPattern;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.net.DataPlane;
import io.vnsnap.net.NetSettings;
import io.vnsnap.net.Segment;
import io.vnsnap.net.SegmentSpec;
import io.vnsnap.net.Vnic;
import io.vnsnap.net.VnicActor;
import io.vnsnap.net.VnicEvent;
import io.vnsnap.net.gate.GateCounters;
import io.vnsnap.proto.Endpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/** One host's share of VNsnap's network: VNIC 0 sends, VNIC 1 receives, on one link. */
final class Network implements AutoCloseable {
  /** How the names of its event loops' threads start. */
  static final String THREADS = "vnsnap-net";

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final long NETWORK_ID = 0x6265_6e63_6800L;
  private static final Config CONFIG =
      ConfigFactory.parseString(
              """
              akka.actor.provider = local
              akka.coordinated-shutdown.exit-jvm = off
              akka.log-dead-letters = off
              akka.loglevel = WARNING
              """)
          .withFallback(ConfigFactory.load());

  private final ActorSystem<SpawnProtocol.Command> actors =
      ActorSystem.create(Behaviors.setup(context -> SpawnProtocol.create()), "bench", CONFIG);
  private final DataPlane plane;
  private final Map<Integer, ActorRef<VnicActor.Command>> vnics = new HashMap<>();

  Network() throws IOException {
    plane = DataPlane.open(NetSettings.from(CONFIG));
  }

  /** Where the other host's trunk connects to. */
  int trunkPort() {
    return plane.endpoint().getPort();
  }

  /**
   * Makes the link and connects the local VNICs.
   *
   * @param host name of this host
   * @param hosts of VNIC 0 and 1
   * @param sockets of the local guests, by VNIC
   * @param otherPort of the other host's trunk; of no meaning if there is none
   */
  void start(String host, List<String> hosts, Map<Integer, Path> sockets, int otherPort)
      throws BenchmarkException, InterruptedException {
    Endpoint other = Endpoint.newBuilder().setAddress("127.0.0.1").setPort(otherPort).build();
    Map<String, Endpoint> trunks = new HashMap<>();
    hosts.forEach(name -> trunks.put(name, other));
    Segment segment =
        plane.createSegment(
            new SegmentSpec(
                "bench",
                NETWORK_ID,
                host,
                List.of(
                    new Vnic(0, "from", "eth0", Traffic.SENDER, "lan", hosts.get(0)),
                    new Vnic(1, "to", "eth0", Traffic.RECEIVER, "lan", hosts.get(1))),
                trunks,
                Map.of()));
    for (Vnic vnic : segment.localVnics()) {
      ActorRef<VnicActor.Command> actor = spawn(segment, vnic.number());
      vnics.put(vnic.number(), actor);
      Path socket = Objects.requireNonNull(sockets.get(vnic.number()));
      ask(vnic.number(), replyTo -> new VnicActor.Connect(socket, PATIENCE, replyTo));
      ask(vnic.number(), VnicActor.Open::new);
    }
  }

  private ActorRef<VnicActor.Command> spawn(Segment segment, int vnic)
      throws BenchmarkException, InterruptedException {
    CompletionStage<ActorRef<VnicActor.Command>> spawned =
        AskPattern.ask(
            actors,
            replyTo ->
                new SpawnProtocol.Spawn<>(
                    VnicActor.create(segment, vnic, actors.<VnicEvent>ignoreRef()),
                    "vnic" + vnic,
                    Props.empty(),
                    replyTo),
            PATIENCE,
            actors.scheduler());
    return await(spawned);
  }

  /** The receiver makes its cut and the sender does not: what arrives is recorded from now on. */
  void record(int epoch) throws BenchmarkException, InterruptedException {
    VnicActor.Reply held = ask(1, replyTo -> new VnicActor.Hold(epoch, replyTo));
    if (held instanceof VnicActor.Held h && !h.quiet()) {
      throw new BenchmarkException("the receiving guest does not take its frames");
    }
    ask(1, replyTo -> new VnicActor.TurnRed(epoch, replyTo));
    ask(1, replyTo -> new VnicActor.Release(epoch, replyTo));
  }

  /** All local gates forget the cut, and are at its epoch. */
  void abort(int epoch) throws BenchmarkException, InterruptedException {
    for (int vnic : vnics.keySet()) {
      ask(vnic, replyTo -> new VnicActor.Abort(epoch, replyTo));
    }
  }

  /** Frames that any local gate has dropped or refused. */
  long lost() throws BenchmarkException, InterruptedException {
    long lost = 0;
    for (int vnic : vnics.keySet()) {
      VnicActor.Reply reply = ask(vnic, VnicActor.Count::new);
      if (reply instanceof VnicActor.Counted counted) {
        GateCounters counters = counted.counters();
        lost += counters.drops().total() + counters.refused().total() + counters.missing();
      }
    }
    return lost;
  }

  private VnicActor.Reply ask(
      int vnic, Function<ActorRef<VnicActor.Reply>, VnicActor.Command> command)
      throws BenchmarkException, InterruptedException {
    ActorRef<VnicActor.Command> actor = Objects.requireNonNull(vnics.get(vnic));
    VnicActor.Reply reply =
        await(AskPattern.ask(actor, command::apply, PATIENCE, actors.scheduler()));
    if (reply instanceof VnicActor.Refused refused) {
      throw new BenchmarkException(refused.reason());
    }
    return reply;
  }

  private static <T> T await(CompletionStage<T> stage)
      throws BenchmarkException, InterruptedException {
    try {
      return stage.toCompletableFuture().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new BenchmarkException("the network does not answer: " + e, e);
    }
  }

  @Override
  public void close() {
    plane.close();
    actors.terminate();
  }
}
