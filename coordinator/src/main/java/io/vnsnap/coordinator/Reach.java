package io.vnsnap.coordinator;

import io.vnsnap.proto.VmProgress;
import io.vnsnap.proto.VmStatus;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What a coordinator knows of the hosts right now, in memory only: who can be reached, how far they
 * say they are, and who must still be told to end an old deployment.
 */
final class Reach {
  private SortedSet<String> reachable = new TreeSet<>();
  private final Map<String, Deployment> owed = new HashMap<>();
  private final Map<String, VmProgress> progress = new HashMap<>();

  /** Takes the hosts that can be reached now; returns those that no longer can. */
  SortedSet<String> update(SortedSet<String> now) {
    SortedSet<String> gone = new TreeSet<>(reachable);
    gone.removeAll(now);
    reachable = new TreeSet<>(now);
    return gone;
  }

  boolean has(String host) {
    return reachable.contains(host);
  }

  /** Hosts that can be reached. */
  SortedSet<String> all() {
    return new TreeSet<>(reachable);
  }

  /** Those of a deployment's hosts that can be reached. */
  SortedSet<String> of(Deployment deployment) {
    SortedSet<String> hosts = deployment.hosts();
    hosts.retainAll(reachable);
    return hosts;
  }

  /** Those of a deployment's hosts that cannot be reached. */
  SortedSet<String> missing(Deployment deployment) {
    SortedSet<String> hosts = deployment.hosts();
    hosts.removeAll(reachable);
    return hosts;
  }

  /** The host was not told, or did not confirm, that this deployment is over. */
  void owe(String host, Deployment deployment) {
    owed.put(host, deployment);
  }

  /** The host has confirmed the end of a generation. */
  void settle(String host, int generation) {
    owed.computeIfPresent(
        host, (name, deployment) -> deployment.generation() <= generation ? null : deployment);
  }

  /** What the host must still be told to end. */
  Optional<Deployment> owedTo(String host) {
    return Optional.ofNullable(owed.get(host));
  }

  boolean owesNothing() {
    return owed.isEmpty();
  }

  void progressed(VmProgress report) {
    progress.put(report.getVm(), report);
  }

  void forgetProgress() {
    progress.clear();
  }

  void addProgress(VmStatus.Builder status) {
    VmProgress known = progress.get(status.getVm());
    if (known != null) {
      status.setDoneBytes(known.getDoneBytes()).setTotalBytes(known.getTotalBytes());
    }
  }
}
