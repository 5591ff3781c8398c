package io.vnsnap.it.vne;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.DiskSpec;
import io.vnsnap.proto.DropCount;
import io.vnsnap.proto.LinkSpec;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.Phase;
import io.vnsnap.proto.RefusalCode;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneStatus;
import io.vnsnap.proto.VnicSpec;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/**
 * The life of a VNE of two guests on two hosts. Booting guests takes seconds, so the tests share
 * one environment and go through its life in order.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(300)
class VneLifeTest {
  /** Each a little later than the one before. */
  private static final int CANCELLATIONS = 10;

  private static final int DISK_BYTES = 16 << 20;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Lab lab;
  private Manifest first = Manifest.getDefaultInstance();

  VneLifeTest() throws Exception {
    lab = Lab.start();
  }

  @BeforeAll
  void boot() throws IOException {
    VneStatus status = lab.up(topology());
    assertThat(status.getPhase()).isEqualTo(Phase.RUNNING);
    guests(1);
  }

  @AfterAll
  void end() throws IOException {
    lab.close();
  }

  @AfterEach
  void noVmStaysPausedAndNoGateShut() {
    VneStatus status = lab.status();
    if (status.getPhase() == Phase.RUNNING) {
      guests(1);
    }
  }

  private Topology topology() throws IOException {
    Path disk = lab.folder().resolve("vm1.raw");
    try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
      file.setLength(DISK_BYTES);
    }
    return Topology.newBuilder()
        .setName(Lab.VNE)
        .addLinks(LinkSpec.newBuilder().setName("lan"))
        .addVms(
            vm(1, 2, "a")
                .addDisks(
                    DiskSpec.newBuilder()
                        .setName("data")
                        .setFile(disk.toString())
                        .setFormat("raw")))
        .addVms(vm(2, 1, "b"))
        .build();
  }

  private static VmSpec.Builder vm(int number, int peer, String host) {
    Path kit = Path.of(System.getenv("VNSNAP_GUEST"));
    String commandLine =
        ("console=ttyS0 quiet panic=-1 vnsnap.name=vm%d vnsnap.ip=10.0.0.%d/24"
                + " vnsnap.peers=10.0.0.%d vnsnap.udp=200 vnsnap.tcp=1000000")
            .formatted(number, number, peer);
    return VmSpec.newBuilder()
        .setName("vm" + number)
        .setMemoryMib(128)
        .setCpus(1)
        .setKernel(kit.resolve("vmlinuz").toString())
        .setInitramfs(kit.resolve("initramfs.gz").toString())
        .setCommandLine(commandLine)
        .setHost(host)
        .addVnics(
            VnicSpec.newBuilder()
                .setName("eth0")
                .setMac("52:54:00:00:00:0" + number)
                .setLink("lan"));
  }

  /** Attaches to both consoles anew and waits for traffic; the guests' own count must be clean. */
  private List<Guest> guests(int seconds) {
    List<Guest> guests = List.of(lab.guest("vm1"), lab.guest("vm2"));
    guests.forEach(guest -> guest.awaitTraffic(seconds));
    guests.forEach(Guest::assertExact);
    return guests;
  }

  @Test
  @Order(1)
  void shouldTakeExactSnapshotsUnderTraffic() {
    Guest vm1 = guests(1).get(0);
    vm1.run("echo before > /dev/vda; sync; echo wro''te", "wrote");
    first = lab.snapshot("first");
    vm1.run("echo after! > /dev/vda; sync; echo wro''te", "wrote");

    Manifest second = lab.snapshot("second");

    for (Manifest manifest : List.of(first, second)) {
      assertThat(manifest.getExact()).as(manifest.getInexactReason()).isTrue();
      assertThat(manifest.getImagesCount()).isEqualTo(2);
      assertThat(manifest.getChannelsCount()).isEqualTo(2);
      manifest.getChannelsList().forEach(VneLifeTest::assertBalanced);
      manifest
          .getImagesList()
          .forEach(image ->
              assertThat(image.getPause().getResumeUs())
                  .isGreaterThan(image.getPause().getStopUs()));
    }
    assertThat(second.getEpoch()).isGreaterThan(first.getEpoch());
    assertThat(Lab.get(lab.client().snapshots()).getSnapshotsList())
        .extracting(Manifest::getLabel)
        .containsExactly("first", "second");
  }

  private static void assertBalanced(ChannelRecord channel) {
    long drops = channel.getDropsList().stream().mapToLong(DropCount::getFrames).sum();
    assertThat(channel.getClosed()).isTrue();
    assertThat(channel.getSent())
        .isPositive()
        .isEqualTo(channel.getDelivered() + channel.getRecorded() + drops);
  }

  @Test
  @Order(2)
  void shouldRefuseASnapshotBesideAnother() {
    CompletionStage<VneReply> running = lab.beginSnapshot("slow");

    VneReply beside = Lab.get(lab.beginSnapshot("beside"));

    assertThat(beside.getRefused().getCode()).isEqualTo(RefusalCode.NOT_NOW);
    assertThat(Lab.get(running).hasSnapshotTaken()).isTrue();
  }

  @Test
  @Order(3)
  void shouldRunOnWhenASnapshotIsCancelledAtAnyMoment() {
    for (int attempt = 0; attempt < CANCELLATIONS; attempt++) {
      CompletionStage<VneReply> running = lab.beginSnapshot("cancelled");
      String step = lab.status().getStep();
      for (int asked = 0; asked < attempt && !step.isEmpty(); asked++) {
        step = lab.status().getStep();
      }
      lab.cancelSnapshot();

      VneReply reply = Lab.get(running);

      if (reply.hasSnapshotTaken()) {
        lab.delete(reply.getSnapshotTaken().getManifest());
      } else {
        assertThat(reply.getRefused().getReason()).as("after " + step).contains("cancel");
      }
      assertThat(lab.status().getPhase()).isEqualTo(Phase.RUNNING);
    }
    assertThat(Lab.get(lab.client().snapshots()).getSnapshotsList())
        .extracting(Manifest::getLabel)
        .doesNotContain("cancelled");
  }

  @Test
  @Order(4)
  void shouldRunOnAndSayWhyWhenTheStoreFails() throws IOException {
    Path snapshots = lab.store().resolve("snapshots");
    Path aside = lab.store().resolve("aside");
    Files.move(snapshots, aside);
    Files.createFile(snapshots);

    VneReply reply = Lab.get(lab.beginSnapshot("unstorable"));
    Files.delete(snapshots);
    Files.move(aside, snapshots);

    assertThat(reply.getRefused().getCode()).isEqualTo(RefusalCode.FAILED);
    assertThat(reply.getRefused().getReason()).contains("snapshots");
    guests(1);
    assertThat(lab.snapshot("storable again").getExact()).isTrue();
  }

  @Test
  @Order(5)
  void shouldRestoreInPlaceWithDisksAndFramesInFlight() {
    long tickBefore = lab.guest("vm1").awaitTraffic(1).count("tick");

    lab.restore(first, Map.of());

    Guest vm1 = guests(2).get(0);
    assertThat(vm1.count("tick")).as("the clock of the guest went back").isLessThan(tickBefore);
    vm1.run("head -c 6 /dev/vda", "before");
  }

  @Test
  @Order(6)
  void shouldRestoreOnTheOtherHostAfterAVmIsGone() {
    Manifest latest = lab.snapshot("latest");
    long pid = lab.vm("vm1").getPid();
    ProcessHandle.of(pid).orElseThrow().destroyForcibly();
    await("the loss is noticed")
        .atMost(PATIENCE)
        .until(() -> lab.status().getPhase() == Phase.DEGRADED);
    assertThat(Lab.get(lab.beginSnapshot("degraded")).getRefused().getReason()).contains("vm1");

    lab.restore(latest, Map.of("vm1", "b", "vm2", "b"));

    assertThat(lab.vm("vm1").getHost()).isEqualTo("b");
    guests(2);
  }

  @Test
  @Order(7)
  void shouldDeleteASnapshotAndLeaveTheOthers() {
    Lab.get(lab.client().deleteSnapshot(first.getSnapshotId()));

    assertThat(Lab.get(lab.client().snapshots()).getSnapshotsList())
        .extracting(Manifest::getLabel)
        .doesNotContain("first")
        .contains("second", "latest");
  }

  @Test
  @Order(8)
  void shouldLeaveNothingRunningWhenDown() throws IOException {
    VneStatus status = lab.down();

    assertThat(status.getPhase()).isEqualTo(Phase.DOWN);
    assertThat(lab.processes()).isEmpty();
    for (String host : List.of("a", "b")) {
      try (var left = Files.list(lab.folder().resolve(host).resolve("run"))) {
        assertThat(left).isEmpty();
      }
    }
  }
}
