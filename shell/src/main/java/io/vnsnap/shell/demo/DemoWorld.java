package io.vnsnap.shell.demo;

import io.vnsnap.shell.api.VnsnapClient;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The guests as the demo sees them in one of their lives: waits until they have said what is to be
 * heard, and says why not if they do not. For use by one thread.
 */
final class DemoWorld implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DemoWorld.class);

  private final DemoPlan plan;
  private final DemoScreen screen;
  private final DemoNodes nodes;
  private final Await await;
  private final GuestWatch guests;

  private DemoWorld(DemoPlan plan, DemoScreen screen, DemoNodes nodes, GuestWatch guests) {
    this.plan = plan;
    this.screen = screen;
    this.nodes = nodes;
    this.await = new Await(plan.poll());
    this.guests = guests;
  }

  static DemoWorld attach(DemoPlan plan, DemoScreen screen, DemoNodes nodes, VnsnapClient client) {
    return new DemoWorld(
        plan, screen, nodes, GuestWatch.attach(client, DemoTopology.VNE, DemoTopology.VMS));
  }

  /** Waits until every guest has booted and is connected to all others. */
  void awaitBoot() throws DemoFailure, InterruptedException {
    until(
        "all guests to boot and to reach each other",
        plan.deadlines().boot(),
        () -> {
          screen.booting(guests.heard());
          Map<String, TrafficReport> latest = guests.latest();
          return latest.size() == DemoTopology.VMS.size()
                  && latest.values().stream().allMatch(TrafficReport::allPeersConnected)
              ? Optional.of(latest)
              : Optional.empty();
        });
  }

  /**
   * Waits until all guests have gone on for some of their seconds; returns their newest reports.
   */
  Map<String, TrafficReport> awaitTicks(long ticks) throws DemoFailure, InterruptedException {
    Map<String, TrafficReport> from = guests.latest();
    return until(
        "%d more reports of every guest".formatted(ticks),
        plan.deadlines().traffic(),
        () -> {
          Map<String, TrafficReport> latest = guests.latest();
          Map<String, Long> seen = seconds(from, latest);
          screen.traffic(seen, ticks);
          return seen.values().stream().allMatch(s -> s >= ticks)
              ? Optional.of(latest)
              : Optional.empty();
        });
  }

  private static Map<String, Long> seconds(
      Map<String, TrafficReport> from, Map<String, TrafficReport> latest) {
    Map<String, Long> seconds = new LinkedHashMap<>();
    for (String vm : DemoTopology.VMS) {
      TrafficReport first = from.get(vm);
      TrafficReport last = latest.get(vm);
      seconds.put(
          vm, last == null ? 0 : last.tick() - (first == null ? last.tick() : first.tick()));
    }
    return seconds;
  }

  /** The newest report of each guest that has made one. */
  Map<String, TrafficReport> latest() {
    return guests.latest();
  }

  /** Judges a world by what its guests have said so far. */
  interface Judge {
    Verification.Verdict judge(Map<String, GuestLog.Heard> guests);
  }

  /**
   * Waits until the judgement is good. A fault ends the wait, but not before the guests have said
   * in figures what they may so far have reported as an event only.
   */
  Map<String, TrafficReport> awaitGood(String what, Judge judge)
      throws DemoFailure, InterruptedException {
    return await.until(
        what,
        plan.deadlines().judgement(),
        () -> {
          nodes.check();
          Verification.Verdict verdict = judge.judge(guests.heard());
          if (!verdict.faults().isEmpty()) {
            awaitFigures();
            throw new DemoFailure(String.join("; ", verdict.faults()));
          }
          screen.judging(verdict);
          return verdict.good() ? Optional.of(guests.latest()) : Optional.empty();
        },
        () -> String.join("; ", judge.judge(guests.heard()).pending()) + "; " + guests.lastLines());
  }

  /** Waits, for a bounded time, until every guest has made another report. */
  private void awaitFigures() throws InterruptedException {
    Map<String, TrafficReport> from = guests.latest();
    try {
      await.until(
          "another report of every guest",
          plan.deadlines().figures(),
          () -> {
            nodes.check();
            return seconds(from, guests.latest()).values().stream().allMatch(s -> s > 0)
                ? Optional.of(from)
                : Optional.empty();
          },
          guests::lastLines);
    } catch (DemoFailure e) {
      LOG.info("the guests' figures are those of before the fault: {}", e.getMessage());
    }
  }

  private Map<String, TrafficReport> until(
      String what, Duration deadline, Await.Probe<Map<String, TrafficReport>> probe)
      throws DemoFailure, InterruptedException {
    return await.until(
        what,
        deadline,
        () -> {
          nodes.check();
          for (Map.Entry<String, GuestLog.Heard> guest : guests.heard().entrySet()) {
            if (!guest.getValue().closedReason().isEmpty()) {
              throw new DemoFailure(
                  "the console of %s closed: %s"
                      .formatted(guest.getKey(), guest.getValue().closedReason()));
            }
          }
          return probe.look();
        },
        guests::lastLines);
  }

  @Override
  public void close() {
    guests.close();
  }
}
