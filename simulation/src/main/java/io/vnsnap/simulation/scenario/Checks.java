package io.vnsnap.simulation.scenario;

import io.vnsnap.proto.Manifest;
import io.vnsnap.simulation.kernel.Kernel;
import io.vnsnap.simulation.world.World;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What must hold of a world at rest. */
final class Checks {
  private static final long MILLI = 1_000_000;
  private static final long SETTLE = 120 * MILLI;
  private static final long GLANCE = 60 * MILLI;
  private static final long PATIENCE = 1_500 * MILLI;

  /** What the data plane of a host may keep at the worst moment. */
  private static final long MOST_BUFFER_BYTES = 1 << 20;

  private final World world;
  private final Kernel kernel;

  Checks(World world) {
    this.world = world;
    this.kernel = world.kernel();
  }

  void everySnapshotBalances() {
    for (Manifest manifest : world.store().list().snapshots()) {
      Balance.check(world.store(), manifest);
    }
  }

  /** No guest has found anything wrong, and to each of them frames still come. */
  void guestsAreWell() {
    kernel.pass(SETTLE);
    Map<String, GuestReport> before = reports();
    Map<String, GuestReport> after = before;
    long end = kernel.nanos() + PATIENCE;
    while (waiting(before, after) != null && kernel.nanos() < end) {
      kernel.pass(GLANCE);
      after = reports();
    }
    require(!after.isEmpty() && after.keySet().equals(before.keySet()), "guests are " + after);
    after.forEach((vm, report) ->
        require(
            report.complaint().isEmpty(),
            "guest %s complains: %s in %s".formatted(vm, report.complaint(), report.line())));
    String waiting = waiting(before, after);
    require(waiting == null, "nothing comes to guest %s any more: %s".formatted(waiting, after));
  }

  /** A guest to which nothing has come meanwhile; null: there is none. */
  private static @Nullable String waiting(
      Map<String, GuestReport> before, Map<String, GuestReport> after) {
    for (Map.Entry<String, GuestReport> guest : after.entrySet()) {
      GuestReport earlier = before.get(guest.getKey());
      if (earlier == null || guest.getValue().received() <= earlier.received()) {
        return guest.getKey();
      }
    }
    return null;
  }

  private Map<String, GuestReport> reports() {
    Map<String, GuestReport> reports = new LinkedHashMap<>();
    Map<String, CompletionStage<String>> asked = world.reports();
    asked.forEach(
        (vm, answer) -> answer.thenAccept(line -> reports.put(vm, new GuestReport(line))));
    require(
        kernel.runUntil(() -> reports.size() == asked.size(), kernel.nanos() + PATIENCE),
        "not all guests say how they are");
    return reports;
  }

  /** After the VNE is down. */
  void nothingIsLeft() {
    require(world.reports().isEmpty(), "VMs are left: " + world.reports().keySet());
    for (String host : world.hostNames()) {
      require(
          world.mostBufferBytes(host) <= MOST_BUFFER_BYTES,
          "host %s had %d bytes of buffers".formatted(host, world.mostBufferBytes(host)));
      require(
          world.bufferBytes(host) == 0,
          "host %s still has %d bytes of buffers".formatted(host, world.bufferBytes(host)));
    }
    List<String> sockets = world.wires().connections();
    require(sockets.isEmpty(), "sockets are left open: " + sockets);
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new Violation(what);
    }
  }
}
