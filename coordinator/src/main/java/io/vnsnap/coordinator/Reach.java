package io.vnsnap.coordinator;

import io.vnsnap.proto.VmCards;
import io.vnsnap.proto.VmProgress;
import io.vnsnap.proto.VmStatus;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What a coordinator knows of the hosts right now, in memory only: who can be reached, how far they
 * say they are, who must still be told to end an old deployment, and who must still say what has
 * become of the VMs of the one that runs.
 */
final class Reach {
  private SortedSet<String> reachable = new TreeSet<>();
  private final SortedMap<String, Integer> owed = new TreeMap<>();
  private final SortedMap<String, Integer> asked = new TreeMap<>();
  private final Map<String, VmProgress> progress = new HashMap<>();
  private final Map<String, VmCards> cards = new HashMap<>();
  private int cardsGeneration;

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

  /**
   * The host was not told, or did not confirm, that this generation is over, and with it all older
   * ones.
   */
  void owe(String host, int generation) {
    owed.merge(host, generation, Math::max);
  }

  /** As {@link #owe}, unless the host is owed the end of an earlier one already. */
  void oweIfNothing(String host, int generation) {
    owed.putIfAbsent(host, generation);
  }

  /** The host has confirmed the end of a generation. */
  void settle(String host, int generation) {
    owed.computeIfPresent(host, (name, due) -> due <= generation ? null : due);
  }

  /** The generations that hosts which can be reached must still be told to end. */
  SortedMap<String, Integer> due() {
    return due(reachable);
  }

  /** The same for these hosts. */
  SortedMap<String, Integer> due(SortedSet<String> hosts) {
    SortedMap<String, Integer> due = new TreeMap<>(owed);
    due.keySet().retainAll(hosts);
    return due;
  }

  boolean owesNothing() {
    return owed.isEmpty();
  }

  /** The hosts are asked what has become of their VMs of this generation. */
  void ask(SortedSet<String> hosts, int generation) {
    hosts.forEach(host -> asked.put(host, generation));
  }

  /** The host has said what has become of its VMs of a generation. */
  void answered(String host, int generation) {
    asked.remove(host, generation);
  }

  /** Nothing of another generation than this needs to be answered any more. */
  void askOnlyOf(int generation) {
    asked.values().removeIf(other -> other != generation);
  }

  /** Hosts that can be reached and have been asked, but have not answered. */
  SortedSet<String> silent() {
    SortedSet<String> silent = new TreeSet<>(asked.keySet());
    silent.retainAll(reachable);
    return silent;
  }

  void progressed(VmProgress report) {
    progress.put(report.getVm(), report);
  }

  void forgetProgress() {
    progress.clear();
  }

  /** Something is wrong with network cards of a VM of this generation. */
  void troubled(int generation, VmCards report) {
    if (generation != cardsGeneration) {
      cards.clear();
      cardsGeneration = generation;
    }
    cards.put(report.getVm(), report);
  }

  void addCards(int generation, VmStatus.Builder status) {
    VmCards known = cards.get(status.getVm());
    if (known != null && generation == cardsGeneration) {
      status.addAllCards(known.getCardsList());
    }
  }

  void addProgress(VmStatus.Builder status) {
    VmProgress known = progress.get(status.getVm());
    if (known != null) {
      status.setDoneBytes(known.getDoneBytes()).setTotalBytes(known.getTotalBytes());
    }
  }
}
