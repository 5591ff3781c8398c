package io.vnsnap.shell.demo;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Judges a world by what its guests say. Pure.
 *
 * <p>Design note: a guest reports its streams added up. The traffic program paces all its datagram
 * and byte streams by the same clock, so each receiver gets, per second, what its senders send to
 * one peer, times their number. If one of its n streams stands still, at least one n-th of that is
 * missing; hence the demand for more than {@code 1 - 1/(2n)} of it. A stall never passes, however
 * long one waits, and a healthy world soon does.
 */
final class Verification {
  /** Most ticks between the cut and the first report that is seen: some may pass unseen. */
  private static final long MAX_UNSEEN_TICKS = 3;

  private final long udpPerSecond;
  private final long tcpBytesPerSecond;
  private final long minTicks;

  /**
   * For guests that send at these rates to each peer.
   *
   * @param minTicks reports that every guest must have made in the stretch that is judged
   */
  Verification(long udpPerSecond, long tcpBytesPerSecond, long minTicks) {
    this.udpPerSecond = udpPerSecond;
    this.tcpBytesPerSecond = tcpBytesPerSecond;
    this.minTicks = minTicks;
  }

  /**
   * A judgement.
   *
   * @param faults what is wrong for good
   * @param pending what has not been seen yet
   */
  record Verdict(List<String> faults, List<String> pending) {
    boolean good() {
      return faults.isEmpty() && pending.isEmpty();
    }
  }

  /** The last report of a guest before the cut, and the first one after it. */
  record CutBounds(TrafficReport before, TrafficReport after) {}

  /**
   * The world in which the snapshot was taken and which went on: nothing lost, doubled, reordered
   * or damaged, no guest started afresh, all streams flowing since the snapshot.
   *
   * @param since each guest's first report after the snapshot
   */
  Verdict wentOn(Map<String, GuestLog.Heard> guests, Map<String, TrafficReport> since) {
    List<String> faults = new ArrayList<>();
    Map<String, List<TrafficReport>> stretches = new LinkedHashMap<>();
    guests.forEach((vm, heard) -> {
      addFaults(vm, heard, heard.reports(), faults);
      TrafficReport mark = since.get(vm);
      List<TrafficReport> stretch =
          heard.reports().stream().filter(r -> mark == null || r.tick() >= mark.tick()).toList();
      checkPeers(vm, stretch, faults);
      stretches.put(vm, stretch);
    });
    return verdict(faults, stretches);
  }

  /**
   * The restored world: each guest goes on from its cut, with all it had counted; nothing lost,
   * doubled, reordered or damaged; all streams flowing.
   */
  Verdict restored(Map<String, GuestLog.Heard> guests, Map<String, CutBounds> cuts) {
    List<String> faults = new ArrayList<>();
    Map<String, List<TrafficReport>> stretches = new LinkedHashMap<>();
    guests.forEach((vm, heard) -> {
      List<TrafficReport> stretch = lastLife(heard.reports());
      CutBounds cut = cuts.get(vm);
      if (cut != null && !stretch.isEmpty()) {
        checkContinues(vm, cut, stretch.get(0), faults);
      }
      addFaults(vm, heard, stretch, faults);
      checkPeers(vm, stretch, faults);
      stretches.put(vm, stretch);
    });
    return verdict(faults, stretches);
  }

  /** What came after the last step back: a console may still have what an earlier life said. */
  private static List<TrafficReport> lastLife(List<TrafficReport> reports) {
    int start = 0;
    for (int i = 1; i < reports.size(); i++) {
      if (reports.get(i).tick() <= reports.get(i - 1).tick()) {
        start = i;
      }
    }
    return reports.subList(start, reports.size());
  }

  private static void checkContinues(
      String vm, CutBounds cut, TrafficReport first, List<String> faults) {
    if (first.tick() <= cut.before().tick()
        || first.udp().sent() < cut.before().udp().sent()
        || first.udp().received() < cut.before().udp().received()
        || first.tcp().sent() < cut.before().tcp().sent()
        || first.tcp().received() < cut.before().tcp().received()) {
      faults.add(
          "%s did not go on from its cut but started afresh: it reports tick %d, before the cut it was at %d"
              .formatted(vm, first.tick(), cut.before().tick()));
    } else if (first.tick() > cut.after().tick() + MAX_UNSEEN_TICKS) {
      faults.add(
          "%s is later than its cut: it reports tick %d first, right after the cut it was at %d"
              .formatted(vm, first.tick(), cut.after().tick()));
    }
  }

  private static void addFaults(
      String vm, GuestLog.Heard heard, List<TrafficReport> reports, List<String> faults) {
    if (!heard.errors().isEmpty()) {
      faults.add("%s reported: %s".formatted(vm, heard.errors().get(0)));
    } else if (!reports.isEmpty() && !reports.get(reports.size() - 1).fault().isEmpty()) {
      faults.add("%s counts %s".formatted(vm, reports.get(reports.size() - 1).fault()));
    }
    for (int i = 1; i < reports.size(); i++) {
      if (reports.get(i).tick() <= reports.get(i - 1).tick()) {
        faults.add(
            "%s started afresh: its report %d came after report %d"
                .formatted(vm, reports.get(i).tick(), reports.get(i - 1).tick()));
      }
    }
    if (!heard.closedReason().isEmpty()) {
      faults.add("the console of %s closed: %s".formatted(vm, heard.closedReason()));
    }
  }

  private static void checkPeers(String vm, List<TrafficReport> stretch, List<String> faults) {
    for (TrafficReport report : stretch) {
      if (!report.allPeersConnected()) {
        faults.add(
            "%s was connected to only %d of %d peers at tick %d"
                .formatted(vm, report.peersConnected(), report.peers(), report.tick()));
        return;
      }
    }
  }

  private Verdict verdict(List<String> faults, Map<String, List<TrafficReport>> stretches) {
    List<String> pending = new ArrayList<>();
    stretches.forEach((vm, stretch) -> {
      long ticks =
          stretch.isEmpty() ? 0 : stretch.get(stretch.size() - 1).tick() - stretch.get(0).tick();
      if (ticks < minTicks) {
        pending.add("%s has reported %d of %d seconds".formatted(vm, ticks, minTicks));
      }
    });
    if (pending.isEmpty()) {
      addStalls(stretches, pending);
    }
    return new Verdict(List.copyOf(faults), List.copyOf(pending));
  }

  private void addStalls(Map<String, List<TrafficReport>> stretches, List<String> pending) {
    Map<String, Rates> rates = new LinkedHashMap<>();
    stretches.forEach((vm, stretch) -> rates.put(vm, Rates.of(stretch)));
    int streams = stretches.size() - 1;
    if (streams < 1) {
      return;
    }
    double least = 1 - 1.0 / (2 * streams);
    double bytesPerDatagram = (double) tcpBytesPerSecond / udpPerSecond;
    rates.forEach((vm, rate) -> {
      double sentToIt =
          rates.entrySet().stream()
              .filter(other -> !other.getKey().equals(vm))
              .mapToDouble(other -> other.getValue().udpSent() / streams)
              .sum();
      addStall(vm, "UDP", rate.udpReceived(), sentToIt, least, pending);
      addStall(vm, "TCP", rate.tcpReceived(), sentToIt * bytesPerDatagram, least, pending);
    });
  }

  private static void addStall(
      String vm,
      String what,
      double received,
      double expected,
      double least,
      List<String> pending) {
    if (expected <= 0 || received < expected * least) {
      pending.add(
          String.format(
              Locale.ROOT,
              "a %s stream to %s stands still: %.0f of %.0f a second arrive",
              what,
              vm,
              received,
              expected));
    }
  }

  /** Per second of a guest's own time. */
  private record Rates(double udpSent, double udpReceived, double tcpReceived) {
    static Rates of(List<TrafficReport> stretch) {
      TrafficReport first = stretch.get(0);
      TrafficReport last = stretch.get(stretch.size() - 1);
      double ticks = last.tick() - first.tick();
      return new Rates(
          (last.udp().sent() - first.udp().sent()) / ticks,
          (last.udp().received() - first.udp().received()) / ticks,
          (last.tcp().received() - first.tcp().received()) / ticks);
    }
  }
}
