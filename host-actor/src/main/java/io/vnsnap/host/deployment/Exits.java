package io.vnsnap.host.deployment;

import io.vnsnap.proto.VmExited;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The VMs of a deployment that have ended by themselves. A report of it may be lost on its way, and
 * nobody would know: it is repeated for a while. A coordinator that hears none of them is away, or
 * has lost this host from sight, and asks by itself when that is over.
 */
final class Exits {
  /** Time between two reports. */
  static final Duration INTERVAL = Duration.ofSeconds(1);

  /**
   * Reports are repeated this often at most after the last VM has ended: for longer than a cluster
   * needs to see that a host is out of reach.
   */
  static final int MAX_REPETITIONS = 60;

  private final Consumer<VmExited> reports;
  private final Map<String, VmExited> exits = new LinkedHashMap<>();
  private int repetitions;

  /**
   * No VM has ended.
   *
   * @param reports takes what is said of one VM that has ended
   */
  Exits(Consumer<VmExited> reports) {
    this.reports = reports;
  }

  /** A VM has ended. */
  void add(VmExited exit) {
    exits.put(exit.getVm(), exit);
    repetitions = 0;
    reports.accept(exit);
  }

  /** Reports all of them again, as somebody asks. */
  void report() {
    exits.values().forEach(reports);
  }

  /**
   * Reports all of them again, as nobody may have heard.
   *
   * @return whether that is to be done again after {@link #INTERVAL}
   */
  boolean repeat() {
    report();
    repetitions++;
    return repetitions < MAX_REPETITIONS;
  }

  Set<String> vms() {
    return exits.keySet();
  }

  /** Why the first of them has ended. */
  Optional<String> firstReason() {
    return exits.values().stream().map(VmExited::getReason).findFirst();
  }
}
