package io.vnsnap.coordinator;

import static io.vnsnap.coordinator.Topologies.host;
import static org.assertj.core.api.Assertions.assertThat;

import io.vnsnap.coordinator.Placement.NotPossible;
import io.vnsnap.coordinator.Placement.Placed;
import io.vnsnap.proto.HostDescription;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VmSpec;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class PlacementTest {

  private static Topology vms(int... memoryMib) {
    Topology.Builder topology = Topology.newBuilder();
    for (int i = 0; i < memoryMib.length; i++) {
      topology.addVms(VmSpec.newBuilder().setName("vm" + i).setMemoryMib(memoryMib[i]));
    }
    return topology.build();
  }

  private static SortedMap<String, HostDescription> hosts(HostDescription... hosts) {
    SortedMap<String, HostDescription> map = new TreeMap<>();
    Stream.of(hosts).forEach(host -> map.put(host.getHost(), host));
    return map;
  }

  private static Map<String, String> placed(Placement.Answer answer) {
    assertThat(answer).isInstanceOf(Placed.class);
    return ((Placed) answer).hosts();
  }

  private static NotPossible refused(Placement.Answer answer) {
    assertThat(answer).isInstanceOf(NotPossible.class);
    return (NotPossible) answer;
  }

  private static Placement.Answer place(
      Topology topology, SortedMap<String, HostDescription> hosts, Map<String, String> required) {
    return Placement.place(topology, hosts, required, Map.of(), Map.of());
  }

  @Test
  void shouldSpreadByFreeMemory() {
    assertThat(
            placed(
                place(
                    vms(100, 100, 100, 100),
                    hosts(host("a", 1000, 0), host("b", 1000, 0)),
                    Map.of())))
        .isEqualTo(Map.of("vm0", "a", "vm1", "b", "vm2", "a", "vm3", "b"));
    assertThat(placed(place(vms(100), hosts(host("a", 1000, 900), host("b", 500, 0)), Map.of())))
        .isEqualTo(Map.of("vm0", "b"));
  }

  @Test
  void shouldHonourRequiredHosts() {
    assertThat(
            placed(
                place(
                    vms(100, 100, 100),
                    hosts(host("a", 1000, 0), host("b", 1000, 0)),
                    Map.of("vm0", "b", "vm1", "b"))))
        .isEqualTo(Map.of("vm0", "b", "vm1", "b", "vm2", "a"));
  }

  @Test
  void shouldRefuseRequiredHostThatIsNotThereOrTooSmall() {
    assertThat(refused(place(vms(100), hosts(host("a", 1000, 0)), Map.of("vm0", "c"))).reason())
        .isEqualTo("VM vm0 must run on host c, which is not usable; usable: a");
    NotPossible no =
        refused(
            place(
                vms(600, 600),
                hosts(host("a", 1000, 0), host("b", 1000, 0)),
                Map.of("vm0", "a", "vm1", "a")));
    assertThat(no.subject()).isEqualTo("vm1");
    assertThat(no.reason())
        .contains("needs 600 MiB on host a", "400 of 1000 MiB are free after 1 other VMs");
  }

  @Test
  void shouldPackWhenSpreadingLeavesNoRoom() {
    // Spreading puts 300 on b, and 700 on neither.
    assertThat(
            placed(
                place(vms(500, 500, 700), hosts(host("a", 1000, 0), host("b", 700, 0)), Map.of())))
        .isEqualTo(Map.of("vm0", "a", "vm1", "a", "vm2", "b"));
  }

  @Test
  void shouldFollowWishesOnlyWhereTheyFit() {
    SortedMap<String, HostDescription> hosts = hosts(host("a", 250, 0), host("b", 1000, 0));
    assertThat(
            placed(
                Placement.place(
                    vms(200, 200, 100),
                    hosts,
                    Map.of(),
                    Map.of("vm0", "a", "vm1", "a", "vm2", "gone"),
                    Map.of())))
        .isEqualTo(Map.of("vm0", "a", "vm1", "b", "vm2", "b"));
    assertThat(
            placed(Placement.place(vms(800, 200), hosts, Map.of(), Map.of("vm1", "b"), Map.of())))
        .isEqualTo(Map.of("vm0", "b", "vm1", "b"));
    assertThat(
            placed(Placement.place(vms(900, 200), hosts, Map.of(), Map.of("vm1", "b"), Map.of())))
        .as("a wish gives way")
        .isEqualTo(Map.of("vm0", "b", "vm1", "a"));
  }

  @Test
  void shouldCountReleasedMemory() {
    SortedMap<String, HostDescription> full = hosts(host("a", 500, 500));
    assertThat(placed(Placement.place(vms(300), full, Map.of(), Map.of(), Map.of("a", 300L))))
        .containsEntry("vm0", "a");
    assertThat(refused(place(vms(300), full, Map.of())).reason())
        .contains("needs 300 MiB, but on a 0 of 500 MiB are free", "add a host");
  }

  @Test
  void shouldRefuseWithoutHosts() {
    assertThat(refused(place(vms(1), hosts(), Map.of())).reason()).contains("no host is usable");
  }

  @Property(tries = 500)
  void shouldNeverOverfillAndAlwaysAnswerTheSame(
      @ForAll @Size(min = 1, max = 8) List<@IntRange(min = 16, max = 600) Integer> memory,
      @ForAll @Size(min = 1, max = 4) List<@IntRange(min = 0, max = 1500) Integer> free) {
    Topology topology = vms(memory.stream().mapToInt(Integer::intValue).toArray());
    SortedMap<String, HostDescription> hosts = new TreeMap<>();
    for (int i = 0; i < free.size(); i++) {
      hosts.put("h" + i, host("h" + i, free.get(i), 0));
    }
    Placement.Answer answer = place(topology, hosts, Map.of());
    assertThat(place(topology, hosts, Map.of())).isEqualTo(answer);
    switch (answer) {
      case NotPossible no ->
          assertThat(no.reason()).contains(no.subject(), "MiB").contains(hosts.keySet());
      case Placed placed -> {
        assertThat(placed.hosts()).hasSize(memory.size());
        hosts.forEach((name, host) ->
            assertThat(
                    topology.getVmsList().stream()
                        .filter(vm -> name.equals(placed.hosts().get(vm.getName())))
                        .mapToLong(VmSpec::getMemoryMib)
                        .sum())
                .isLessThanOrEqualTo(host.getMemoryMib()));
      }
    }
  }
}
