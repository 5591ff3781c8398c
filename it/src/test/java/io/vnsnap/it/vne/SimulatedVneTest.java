package io.vnsnap.it.vne;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.LinkSpec;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.Phase;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VmStatus;
import io.vnsnap.proto.VnicSpec;
import io.vnsnap.shell.node.NodeOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** Four simulated VMs on two real hosts: real actors, real UNIX sockets, a real trunk and store. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(300)
class SimulatedVneTest {
  private static final int VMS = 4;
  private static final long CAPITAL = 1_000_000;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Lab lab;

  SimulatedVneTest() throws Exception {
    lab = Lab.start(NodeOptions.SIMULATED);
  }

  @AfterEach
  void takeDown() {
    assertThat(lab.down().getPhase()).isEqualTo(Phase.DOWN);
  }

  @AfterAll
  void end() throws IOException {
    lab.close();
  }

  private static Topology topology(String commandLine) {
    Topology.Builder topology =
        Topology.newBuilder().setName(Lab.VNE).addLinks(LinkSpec.newBuilder().setName("lan"));
    IntStream.rangeClosed(1, VMS).forEach(i -> topology.addVms(vm(i, commandLine)));
    return topology.build();
  }

  private static VmSpec vm(int number, String commandLine) {
    String peers =
        IntStream.rangeClosed(1, VMS)
            .filter(i -> i != number)
            .mapToObj(i -> "10.0.0." + i)
            .collect(Collectors.joining(","));
    return VmSpec.newBuilder()
        .setName("vm" + number)
        .setMemoryMib(16)
        .setCpus(1)
        .setCommandLine(
            "%s vnsnap.name=vm%d vnsnap.ip=10.0.0.%d/24 vnsnap.peers=%s"
                .formatted(commandLine, number, number, peers))
        .setHost(number % 2 == 0 ? "a" : "b")
        .addVnics(
            VnicSpec.newBuilder()
                .setName("eth0")
                .setMac("52:54:00:00:00:0" + number)
                .setLink("lan"))
        .build();
  }

  private List<Guest> guests() {
    return IntStream.rangeClosed(1, VMS).mapToObj(i -> lab.guest("vm" + i)).toList();
  }

  private static Map<String, String> allOn(String host) {
    Map<String, String> placement = new HashMap<>();
    IntStream.rangeClosed(1, VMS).forEach(i -> placement.put("vm" + i, host));
    return placement;
  }

  private static long sum(List<Guest> guests, String key) {
    return guests.stream().mapToLong(guest -> guest.figure(key)).sum();
  }

  @Test
  void shouldGoOnFromAnExactSnapshotOfTraffic() {
    lab.up(topology("sim.program=traffic vnsnap.udp=100 vnsnap.tcp=200000"));
    List<Guest> first = guests();
    first.forEach(guest -> guest.awaitTraffic(2));
    long tick = first.get(0).count("tick");
    Manifest snapshot = lab.snapshot("one");
    Manifest second = lab.snapshot("two");
    for (Manifest manifest : List.of(snapshot, second)) {
      assertThat(manifest.getExact()).as(manifest.getInexactReason()).isTrue();
      assertThat(manifest.getImagesList())
          .hasSize(VMS)
          .extracting(ImageRecord::getHypervisor)
          .containsOnly("simulated");
      assertThat(manifest.getChannelsList())
          .hasSize(VMS * (VMS - 1))
          .allMatch(ChannelRecord::getClosed);
    }
    first.forEach(guest -> guest.awaitTraffic(1).assertExact());

    lab.down();
    lab.restore(snapshot, allOn("b"));
    assertThat(lab.status().getVmsList()).extracting(VmStatus::getHost).containsOnly("b");
    List<Guest> restored = guests();
    restored.forEach(guest -> guest.awaitTraffic(2).assertExact());
    assertThat(restored.get(0).count("tick")).isGreaterThanOrEqualTo(tick);
  }

  @Test
  void shouldKeepAllMoneyInARestoredWorld() {
    lab.up(topology("sim.program=bank sim.seconds=10 vnsnap.udp=100 sim.pages=2"));
    List<Guest> first = guests();
    await("the bank is open")
        .atMost(PATIENCE)
        .until(() -> first.stream().allMatch(guest -> guest.count("tick") >= 2));
    Manifest snapshot = lab.snapshot("bank");
    assertBalanced(first);

    lab.down();
    lab.restore(snapshot, Map.of("vm1", "a", "vm2", "b", "vm3", "a", "vm4", "b"));
    assertBalanced(guests());
  }

  /** When nothing has been sent for a while, nothing is in flight: all money is with somebody. */
  private static void assertBalanced(List<Guest> guests) {
    await("the bank has closed, and nothing is in flight")
        .atMost(PATIENCE)
        .until(() ->
            guests.stream().allMatch(guest -> guest.count("tick") >= 12)
                && sum(guests, "money_received") == sum(guests, "money_sent"));
    guests.forEach(Guest::assertExact);
    assertThat(sum(guests, "balance")).isEqualTo(VMS * CAPITAL);
    assertThat(sum(guests, "money_sent")).isPositive();
    assertThat(sum(guests, "violations")).isZero();
  }

  @Test
  void shouldHaveOneTokenInARestoredWorld() {
    lab.up(topology("sim.program=ring sim.seconds=12 sim.pages=2"));
    List<Guest> first = guests();
    await("the token goes round")
        .atMost(PATIENCE)
        .until(() -> first.stream().allMatch(guest -> guest.figure("serial") > VMS));
    Manifest snapshot = lab.snapshot("ring");
    assertOneToken(first);

    lab.down();
    lab.restore(snapshot, allOn("a"));
    assertOneToken(guests());
  }

  private static void assertOneToken(List<Guest> guests) {
    await("the token rests, with one guest")
        .atMost(PATIENCE)
        .until(() ->
            guests.stream().allMatch(guest -> guest.count("tick") >= 14)
                && sum(guests, "tokens") == 1);
    guests.forEach(Guest::assertExact);
    assertThat(sum(guests, "violations")).isZero();
  }
}
