package io.vnsnap.bench.gate;

import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.bench.Cleanup;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Measures all routes in turn, round after round, so that what else the machine does falls on all
 * of them.
 */
final class GateRun {
  /** A burst must fit the memory for recorded frames, of which each takes so much more. */
  private static final int RECORDED_OVERHEAD = 128;

  private static final long BURST_BYTES = 48L << 20;

  /** Before the first length: until the JVMs have compiled what the rounds will run. */
  private static final int FIRST_WARM_UP_BURSTS = 64;

  /** Before each other length. */
  private static final int WARM_UP_BURSTS = 8;

  private static final int PINGS = 2000;
  private static final long PING_PAUSE_NANOS = 200_000;

  /** A route, recording or not, and what was measured on it. */
  private static final class Lane {
    private final Route route;
    private final boolean recording;
    private final List<Double> rates = new ArrayList<>();
    private final List<Double> cpu = new ArrayList<>();
    private final List<Double> allocated = new ArrayList<>();
    private Latency latency = Latency.NONE;

    Lane(Route route, boolean recording) {
      this.route = route;
      this.recording = recording;
    }

    RouteResult result() {
      return new RouteResult(
          route.name() + (recording ? "-recording" : ""),
          rates,
          RouteResult.median(cpu),
          RouteResult.median(allocated),
          latency);
    }
  }

  private final int rounds;
  private final int burstsPerRound;
  private final PrintWriter out;
  private final List<Route> routes = new ArrayList<>();
  private int warmUpBursts = FIRST_WARM_UP_BURSTS;

  /**
   * @param burstsPerRound bursts whose times are added up to one figure
   */
  GateRun(int rounds, int burstsPerRound, PrintWriter out) {
    this.rounds = rounds;
    this.burstsPerRound = burstsPerRound;
    this.out = out;
  }

  /** Starts what is measured; ended by the cleanup. */
  void start(Path folder, Cleanup cleanup)
      throws IOException, BenchmarkException, InterruptedException {
    routes.add(Route.relay(folder, cleanup));
    routes.add(Route.gates(folder, cleanup));
    routes.add(Route.relayTrunk(folder, cleanup));
    routes.add(Route.gatesTrunk(folder, cleanup));
  }

  /** Frames of one length on all routes. */
  SizeResult measure(int length) throws BenchmarkException, IOException, InterruptedException {
    List<Lane> lanes = new ArrayList<>();
    for (Route route : routes) {
      Traffic unused = route.traffic(); // its receiver must take what a gate sends ahead
      lanes.add(new Lane(route, false));
    }
    lanes.add(2, new Lane(routes.get(1), true));
    lanes.add(new Lane(routes.get(3), true));
    int frames = (int) (BURST_BYTES / (length + RECORDED_OVERHEAD));
    say(
        "%d bytes: %d bursts of %d frames in each of %d rounds",
        length, burstsPerRound, frames, rounds);
    for (int burst = 0; burst < warmUpBursts; burst++) {
      for (Lane lane : lanes) {
        long unused = burst(lane, length, frames);
      }
    }
    warmUpBursts = WARM_UP_BURSTS;
    for (int round = 0; round < rounds; round++) {
      for (Lane lane : lanes) {
        round(lane, length, frames);
      }
    }
    for (Lane lane : lanes) {
      if (!lane.recording) {
        lane.latency = Latency.of(lane.route.traffic().pings(PINGS, length, PING_PAUSE_NANOS));
      }
    }
    for (Route route : routes) {
      long lost = route.lost();
      if (lost > 0) {
        throw new BenchmarkException(
            "%d frames were lost on route %s".formatted(lost, route.name()));
      }
    }
    return new SizeResult(length, lanes.stream().map(Lane::result).toList());
  }

  private void round(Lane lane, int length, int frames)
      throws BenchmarkException, IOException, InterruptedException {
    long nanos = 0;
    long cpu = 0;
    long allocated = 0;
    for (int burst = 0; burst < burstsPerRound; burst++) {
      if (lane.recording) {
        lane.route.record();
      }
      LoopUse before = lane.route.use();
      nanos += lane.route.traffic().burst(frames, length);
      LoopUse used = lane.route.use().since(before);
      cpu += used.cpuNanos();
      allocated += used.allocatedBytes();
      if (lane.recording) {
        lane.route.forget();
      }
    }
    double all = (double) frames * burstsPerRound;
    lane.rates.add(all / nanos * 1e9);
    lane.cpu.add(cpu / all);
    lane.allocated.add(allocated / all);
  }

  private static long burst(Lane lane, int length, int frames)
      throws BenchmarkException, IOException, InterruptedException {
    if (!lane.recording) {
      return lane.route.traffic().burst(frames, length);
    }
    lane.route.record();
    long nanos = lane.route.traffic().burst(frames, length);
    lane.route.forget();
    return nanos;
  }

  private void say(String format, Object... arguments) {
    out.printf(format + "%n", arguments);
    out.flush();
  }
}
