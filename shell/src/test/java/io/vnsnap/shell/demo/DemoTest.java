package io.vnsnap.shell.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vnsnap.proto.topology.TopologyRules;
import io.vnsnap.shell.render.JsonView;
import io.vnsnap.shell.render.Screen;
import io.vnsnap.shell.render.Style;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(30)
class DemoTest {
  private static final Duration SOON = Duration.ofMillis(300);
  private static final DemoPlan PLAN =
      new DemoPlan(
          128,
          Reports.UDP,
          Reports.TCP,
          4,
          6,
          Duration.ofMillis(1),
          new DemoPlan.Deadlines(SOON, SOON, SOON, SOON, SOON, SOON));

  private static String notAsked() {
    throw new AssertionError("QEMU is asked although it is not wanted");
  }

  private String unusable = "";
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final DemoResult result = new DemoResult();

  private FakeWorld run(FakeWorld.Fault fault) throws Exception {
    FakeWorld world = new FakeWorld(fault);
    Screen screen =
        new Screen(new PrintStream(out, true, StandardCharsets.UTF_8), false, Style.PLAIN, 100);
    new Demo(PLAN, world, new DemoScreen(screen), result)
        .run(DemoTopology.of(PLAN, Path.of("/kit")));
    return world;
  }

  private String output() {
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void shouldPassAWorldInWhichAllIsWell() throws Exception {
    FakeWorld world = run(FakeWorld.Fault.NONE);
    assertThat(world.killed).containsExactly("a[100, 101]");
    assertThat(world.requests.get(world.requests.size() - 1).hasDown()).isTrue();
    assertThat(result.json().get("verified").asBoolean()).isTrue();
    assertThat(output())
        .contains(
            "[1/9] Start the cluster: a coordinator here, hosts a and b in JVMs of their own",
            "+- host a -------+",
            "Skew 1.5 ms. 0 frames were recorded in flight, 31 held. Images: 256 MiB.",
            "ok: sealed, and exact: every channel balances",
            "ok: every byte of the images is intact, every frame accounted for",
            "ok: all VMs run again, 456 ms after the order",
            "ok: every guest goes on from its cut; nothing lost, doubled, reordered or corrupted");
  }

  @Test
  void shouldWriteExactlyTheDocumentedKeys() throws Exception {
    run(FakeWorld.Fault.NONE);
    assertThat(JsonView.text(result.json()))
        .isEqualTo(
            """
            {
              "hypervisor" : "qemu",
              "qemuVersion" : "7.2.22",
              "hosts" : 2,
              "vms" : 4,
              "pauseMs" : {
                "p50" : 9.0,
                "max" : 11.0
              },
              "skewMs" : 1.5,
              "framesRecorded" : 0,
              "framesHeld" : 31,
              "lost" : 0,
              "duplicated" : 0,
              "reordered" : 0,
              "imageBytes" : 268435456,
              "snapshotMs" : 3210,
              "restoreMs" : 456,
              "verified" : true
            }\
            """);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "HOST_ENDS | host a ended with status 1: Address already in use",
        "HOST_UNUSABLE | host a cannot run VMs: QEMU 6.0 is too old",
        "HOST_SILENT | to consist of hosts a, b; hosts up are: a (silent), b (silent)",
        "NO_BOOT | vm3: \"Kernel panic - not syncing\"",
        "NO_BOOT | waited 0 s for all guests to boot and to reach each other",
        "LOSES_A_DATAGRAM_AT_THE_CUT | vm2 counts 1 datagrams lost",
        "TELLS_OF_A_LOSS_BEFORE_IT_COUNTS | vm2 reported: VNTRAFFIC-ERROR vm=vm2 kind=lost",
        "SNAPSHOT_ABORTED | vm2 could not be captured: disk full on host a",
        "SNAPSHOT_NOT_EXACT | channel vm1/eth0 to vm2/eth0 does not balance",
        "SNAPSHOT_SEALED_NOT_EXACT | sealed although it is not exact: channel vm1/eth0 to vm2/eth0 does not balance",
        "STORED_FRAMES_OUT_OF_ORDER | the stored snapshot is not what it says (1 violations): channel vm1/eth0 to vm2/eth0: frame 9 is recorded after frame 10",
        "HOST_NEVER_GIVEN_UP | for the cluster to consist of host b; hosts up are: a, b",
        "RESTORE_FAILS | the restore failed: host b: 512 MiB needed, 100 MiB free",
        "RESTORES_BY_REBOOT | vm1 did not go on from its cut but started afresh",
        "RESTORED_STREAM_STALLS | a UDP stream to vm1 stands still: 200 of 300 a second arrive",
      })
  void shouldFailAndSayWhy(FakeWorld.Fault fault, String reason) {
    assertThatThrownBy(() -> run(fault))
        .isInstanceOf(DemoFailure.class)
        .hasMessageContaining(reason);
    assertThat(result.json().get("verified").asBoolean()).isFalse();
  }

  @ParameterizedTest
  @EnumSource(
      value = FakeWorld.Fault.class,
      names = {"LOSES_A_DATAGRAM_AT_THE_CUT", "TELLS_OF_A_LOSS_BEFORE_IT_COUNTS"})
  void shouldWriteDownWhatTheGuestsOfAFailedDemoCounted(FakeWorld.Fault fault) {
    assertThatThrownBy(() -> run(fault)).isInstanceOf(DemoFailure.class);
    assertThat(result.json().get("lost").asLong()).isEqualTo(1);
    assertThat(result.json().get("duplicated").asLong()).isZero();
    assertThat(result.json().get("verified").asBoolean()).isFalse();
  }

  @Test
  void shouldWriteDownWhatTheRestoredGuestsCountedBeforeTheDemoFailed() {
    assertThatThrownBy(() -> run(FakeWorld.Fault.RESTORED_GUEST_HEARS_TWICE))
        .hasMessageContaining("vm4 counts 3 datagrams duplicated");
    assertThat(result.json().get("lost").asLong()).isZero();
    assertThat(result.json().get("duplicated").asLong()).isEqualTo(3);
  }

  @Test
  void shouldDeployATopologyThatObeysTheRules() {
    assertThat(TopologyRules.check(DemoTopology.of(DemoPlan.standard(), Path.of("/kit"))))
        .isEmpty();
    assertThat(DemoTopology.of(DemoPlan.standard(), Path.of("/kit")).getVms(1).getCommandLine())
        .isEqualTo(
            "console=ttyS0 quiet panic=-1 vnsnap.name=vm2 vnsnap.ip=10.0.0.2/24 vnsnap.peers=10.0.0.1,10.0.0.3,10.0.0.4 vnsnap.udp=100 vnsnap.tcp=250000");
  }

  @Test
  void shouldChooseRealGuestsOnlyWhereTheyCanBeHad(@TempDir Path folder) throws Exception {
    Map<String, String> environment = new HashMap<>(Map.of("PATH", folder.toString()));
    assertThat(choose(environment).whySimulated()).contains("is not on the PATH");
    Path qemu = Files.createFile(folder.resolve("qemu-system-x86_64"));
    assertThat(qemu.toFile().setExecutable(true)).isTrue();
    assertThat(choose(environment).whySimulated()).contains("VNSNAP_GUEST does not name");
    environment.put("VNSNAP_GUEST", folder.toString());
    Files.createFile(folder.resolve("vmlinuz"));
    assertThat(choose(environment).whySimulated()).contains("the guest kit lacks", "initramfs.gz");
    Files.createFile(folder.resolve("initramfs.gz"));
    unusable = "QEMU 7.2.22 cannot capture here: it needs root";
    assertThat(choose(environment).whySimulated()).isEqualTo(unusable);
    assertThat(choose(environment).hypervisor()).isEqualTo("simulated");
    unusable = "";
    assertThat(choose(environment))
        .isEqualTo(new DemoGuests("qemu", DemoTopology.of(DemoPlan.standard(), folder), ""));
    assertThat(
            DemoGuests.choose(DemoPlan.standard(), true, environment, DemoTest::notAsked)
                .hypervisor())
        .isEqualTo("simulated");
    environment.put(DemoGuests.NO_QEMU, "apt-get failed");
    DemoGuests guests = choose(environment);
    assertThat(guests.whySimulated()).isEqualTo("apt-get failed");
    assertThat(guests.hypervisor()).isEqualTo("simulated");
    assertThat(guests.topology().getVms(3).getCommandLine())
        .isEqualTo(
            "sim.program=traffic sim.pages=256 vnsnap.name=vm4 vnsnap.ip=10.0.0.4/24 vnsnap.peers=10.0.0.1,10.0.0.2,10.0.0.3 vnsnap.udp=100 vnsnap.tcp=250000");
  }

  private DemoGuests choose(Map<String, String> environment) throws DemoFailure {
    return DemoGuests.choose(DemoPlan.standard(), false, environment, () -> unusable);
  }

  @Test
  void shouldDrawTheTopology() {
    Map<String, List<String>> hosts = new TreeMap<>();
    hosts.put("a", List.of("vm1", "vm2"));
    hosts.put("b", List.of("vm3", "vm4"));
    assertThat(String.join("\n", TopologyPicture.lines(hosts, "lan", true)))
        .isEqualTo(
            """
            ┌─ host a ───────┐    ┌─ host b ───────┐
            │  vm1     vm2   │    │  vm3     vm4   │
            └───┬───────┬────┘    └───┬───────┬────┘
                └───────┴─────────────┴───────┘  link lan\
            """);
    hosts.put("a", List.of());
    assertThat(TopologyPicture.lines(hosts, "lan", false))
        .first()
        .isEqualTo("+- host a +    +- host b -------+");
  }
}
