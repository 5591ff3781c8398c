package io.vnsnap.coordinator;

import static java.util.stream.Collectors.joining;

import io.vnsnap.proto.HostDescription;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VmSpec;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Decides which host runs which VM. Pure and deterministic: the same question has the same answer.
 *
 * <p>VMs that must be somewhere come first; the others, largest first, go where most memory is
 * free, so that load spreads. If that leaves no room for one, they are packed instead, each where
 * it leaves least free.
 */
final class Placement {

  /** The answer. */
  sealed interface Answer {}

  /** VM name to host name, for every VM. */
  record Placed(SortedMap<String, String> hosts) implements Answer {}

  /**
   * It cannot be done.
   *
   * @param subject the VM or host it is about
   * @param reason one line for the person who must act
   */
  record NotPossible(String subject, String reason) implements Answer {}

  private final SortedMap<String, HostDescription> hosts;
  private final SortedMap<String, Long> free = new TreeMap<>();
  private final SortedMap<String, String> placed = new TreeMap<>();

  private Placement(SortedMap<String, HostDescription> hosts, Map<String, Long> releasedMib) {
    this.hosts = hosts;
    hosts.forEach((name, host) ->
        free.put(
            name,
            host.getMemoryMib() - host.getMemoryUsedMib() + releasedMib.getOrDefault(name, 0L)));
  }

  /**
   * Places a topology.
   *
   * @param hosts usable hosts by name
   * @param required VM to the host it must be on
   * @param wished VM to the host it should be on if that host is usable and has room
   * @param releasedMib memory in MiB by host that will be free before the VMs are started
   */
  static Answer place(
      Topology topology,
      SortedMap<String, HostDescription> hosts,
      Map<String, String> required,
      Map<String, String> wished,
      Map<String, Long> releasedMib) {
    if (hosts.isEmpty()) {
      return new NotPossible("", "no host is usable; start one with: vnsnap host --name NAME");
    }
    Optional<NotPossible> bad = new Placement(hosts, releasedMib).fix(topology, required);
    if (bad.isPresent()) {
      return bad.get();
    }
    for (Comparator<Map.Entry<String, Long>> preference : List.of(spread(), pack())) {
      Placement attempt = new Placement(hosts, releasedMib);
      attempt.fix(topology, required);
      attempt.follow(topology, wished);
      if (attempt.fill(topology, preference).isEmpty()) {
        return new Placed(attempt.placed);
      }
    }
    Placement last = new Placement(hosts, releasedMib);
    last.fix(topology, required);
    VmSpec misfit = last.fill(topology, pack()).orElse(null);
    return misfit == null ? new Placed(last.placed) : last.noRoom(misfit);
  }

  private static Comparator<Map.Entry<String, Long>> spread() {
    return Map.Entry.<String, Long>comparingByValue()
        .reversed()
        .thenComparing(Map.Entry.comparingByKey());
  }

  private static Comparator<Map.Entry<String, Long>> pack() {
    return Map.Entry.<String, Long>comparingByValue().thenComparing(Map.Entry.comparingByKey());
  }

  private Optional<NotPossible> fix(Topology topology, Map<String, String> required) {
    for (VmSpec vm : topology.getVmsList()) {
      String host = required.get(vm.getName());
      if (host == null) {
        continue;
      }
      if (!hosts.containsKey(host)) {
        return Optional.of(
            new NotPossible(
                vm.getName(),
                "VM %s must run on host %s, which is not usable; usable: %s"
                    .formatted(vm.getName(), host, String.join(", ", hosts.keySet()))));
      }
      if (!fits(vm, host)) {
        return Optional.of(
            new NotPossible(
                vm.getName(),
                "VM %s needs %d MiB on host %s, where %s; give it less memory or another host"
                    .formatted(vm.getName(), vm.getMemoryMib(), host, figures(host))));
      }
      put(vm, host);
    }
    return Optional.empty();
  }

  private void follow(Topology topology, Map<String, String> wished) {
    for (VmSpec vm : topology.getVmsList()) {
      String host = wished.get(vm.getName());
      if (host != null
          && !placed.containsKey(vm.getName())
          && hosts.containsKey(host)
          && fits(vm, host)) {
        put(vm, host);
      }
    }
  }

  /** Places the rest, or says which VM found no room. */
  private Optional<VmSpec> fill(Topology topology, Comparator<Map.Entry<String, Long>> preference) {
    List<VmSpec> largestFirst =
        topology.getVmsList().stream()
            .filter(vm -> !placed.containsKey(vm.getName()))
            .sorted(
                Comparator.comparingInt(VmSpec::getMemoryMib)
                    .reversed()
                    .thenComparing(VmSpec::getName))
            .toList();
    for (VmSpec vm : largestFirst) {
      Optional<String> host =
          free.entrySet().stream()
              .filter(entry -> entry.getValue() >= vm.getMemoryMib())
              .min(preference)
              .map(Map.Entry::getKey);
      if (host.isEmpty()) {
        return Optional.of(vm);
      }
      put(vm, host.get());
    }
    return Optional.empty();
  }

  private boolean fits(VmSpec vm, String host) {
    return free.getOrDefault(host, 0L) >= vm.getMemoryMib();
  }

  private void put(VmSpec vm, String host) {
    placed.put(vm.getName(), host);
    free.merge(host, (long) -vm.getMemoryMib(), Long::sum);
  }

  private NotPossible noRoom(VmSpec vm) {
    String where =
        hosts.keySet().stream()
            .map(host -> "on " + host + " " + figures(host))
            .collect(joining(", "));
    return new NotPossible(
        vm.getName(),
        "VM %s needs %d MiB, but %s; give VMs less memory or add a host"
            .formatted(vm.getName(), vm.getMemoryMib(), where));
  }

  /** What is left on a host after the VMs placed so far. */
  private String figures(String host) {
    long left = Math.max(0, free.getOrDefault(host, 0L));
    long all = hosts.getOrDefault(host, HostDescription.getDefaultInstance()).getMemoryMib();
    long others = placed.values().stream().filter(host::equals).count();
    return left
        + " of "
        + all
        + " MiB are free"
        + (others > 0 ? " after " + others + " other VMs of this VNE" : "");
  }
}
