package io.vnsnap.it.vne;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vnsnap.proto.LinkSpec;
import io.vnsnap.proto.Loading;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.Phase;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VnicSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/** Two guests on two hosts that run, under traffic, before their memory is loaded. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(300)
class LazyRestoreTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /**
   * What the guests do after the snapshot, more than passes until their consoles are read again.
   */
  private static final int SECONDS_LOST = 5;

  private final Lab lab;
  private Manifest first = Manifest.getDefaultInstance();
  private Manifest second = Manifest.getDefaultInstance();

  LazyRestoreTest() throws Exception {
    lab = Lab.start();
  }

  @BeforeAll
  void boot() {
    assertThat(lab.up(topology()).getPhase()).isEqualTo(Phase.RUNNING);
    runClean(2);
    first = lab.snapshot("first");
    assertThat(first.getExact()).as(first.getInexactReason()).isTrue();
  }

  @AfterAll
  void end() throws Exception {
    lab.close();
  }

  private static Topology topology() {
    return Topology.newBuilder()
        .setName(Lab.VNE)
        .addLinks(LinkSpec.newBuilder().setName("lan"))
        .addVms(vm(1, 2, "a"))
        .addVms(vm(2, 1, "b"))
        .build();
  }

  private static VmSpec.Builder vm(int number, int peer, String host) {
    Path kit = Path.of(System.getenv("VNSNAP_GUEST"));
    return VmSpec.newBuilder()
        .setName("vm" + number)
        .setMemoryMib(128)
        .setCpus(1)
        .setKernel(kit.resolve("vmlinuz").toString())
        .setInitramfs(kit.resolve("initramfs.gz").toString())
        .setCommandLine(
            ("console=ttyS0 quiet panic=-1 vnsnap.name=vm%d vnsnap.ip=10.0.0.%d/24"
                    + " vnsnap.peers=10.0.0.%d vnsnap.udp=300 vnsnap.tcp=2000000")
                .formatted(number, number, peer))
        .setHost(host)
        .addVnics(
            VnicSpec.newBuilder()
                .setName("eth0")
                .setMac("52:54:00:00:00:0" + number)
                .setLink("lan"));
  }

  /** Traffic goes on for so many seconds, and by the guests' own count nothing went wrong. */
  private List<Guest> runClean(int seconds) {
    List<Guest> guests = List.of(lab.guest("vm1"), lab.guest("vm2"));
    guests.forEach(guest -> guest.awaitTraffic(seconds));
    guests.forEach(Guest::assertExact);
    return guests;
  }

  private void awaitAllMemory() {
    await("nothing is being loaded any more")
        .atMost(PATIENCE)
        .until(() ->
            lab.status().getVmsList().stream()
                .allMatch(vm -> vm.getDoneBytes() == vm.getTotalBytes()));
  }

  @Test
  @Order(1)
  void shouldLoseNothingThoughGuestsRunBeforeTheirMemoryIsLoaded() {
    long tickBefore = lab.guest("vm1").awaitTraffic(SECONDS_LOST).count("tick");

    lab.restore(first, Map.of(), Loading.LAZY);

    List<Guest> guests = runClean(3);
    assertThat(Guest.count(guests.get(0).firstReport(), "tick"))
        .as("the clock of the guest went back")
        .isLessThan(tickBefore);
    awaitAllMemory();
  }

  @Test
  @Order(2)
  void shouldTakeAnExactSnapshotOfGuestsThatWereLoadedLazily() {
    lab.restore(first, Map.of(), Loading.LAZY);

    second = lab.snapshot("second"); // waits until all memory is there

    assertThat(second.getExact()).as(second.getInexactReason()).isTrue();
    runClean(2);
  }

  @Test
  @Order(3)
  void shouldRestoreThatSnapshotLazilyAndInFullOnOtherHosts() {
    for (Loading loading : List.of(Loading.LAZY, Loading.FULL, Loading.LAZY_IF_POSSIBLE)) {
      lab.restore(second, Map.of("vm1", "b", "vm2", "a"), loading);

      runClean(2);
    }
    assertThat(lab.vm("vm1").getHost()).isEqualTo("b");
  }

  @Test
  @Order(4)
  void shouldEndVmsInTheMiddleOfALoad() {
    lab.restore(second, Map.of(), Loading.LAZY);

    assertThat(lab.down().getPhase()).isEqualTo(Phase.DOWN);

    assertThat(lab.processes()).isEmpty();
  }
}
