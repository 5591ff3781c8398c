package io.vnsnap.it.vne;

import static org.assertj.core.api.Assertions.assertThat;

import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.DiskSpec;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.LinkSpec;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.PauseRecord;
import io.vnsnap.proto.Phase;
import io.vnsnap.proto.RoundRecord;
import io.vnsnap.proto.Staging;
import io.vnsnap.proto.TakeSnapshot;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VnicSpec;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Two guests that exchange traffic and write to their memory, captured in rounds. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(300)
class RoundsTest {
  private static final int MEMORY_MIB = 160;
  private static final int DISK_BYTES = 16 << 20;

  /** Each a little later than the one before. */
  private static final int CANCELLATIONS = 6;

  private final Lab lab;

  RoundsTest() throws Exception {
    lab = Lab.start();
  }

  @BeforeAll
  void boot() throws IOException {
    assertThat(lab.up(topology()).getPhase()).isEqualTo(Phase.RUNNING);
    guests(2);
  }

  @AfterAll
  void end() throws IOException {
    lab.close();
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
                + " vnsnap.peers=10.0.0.%d vnsnap.udp=200 vnsnap.tcp=1000000"
                + " vnsnap.fill=40 vnsnap.dirty=10")
            .formatted(number, number, peer);
    return VmSpec.newBuilder()
        .setName("vm" + number)
        .setMemoryMib(MEMORY_MIB)
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

  private CompletionStage<VneReply> begin(CaptureMode mode, Staging staging) {
    return lab.beginSnapshot(
        TakeSnapshot.newBuilder()
            .setLabel((mode + "-" + staging).toLowerCase(Locale.ROOT))
            .setMode(mode)
            .setStaging(staging));
  }

  private Manifest take(CaptureMode mode, Staging staging) {
    VneReply reply = Lab.get(begin(mode, staging));
    assertThat(reply.hasSnapshotTaken()).as("snapshot: %s", reply.getRefused()).isTrue();
    Manifest manifest = reply.getSnapshotTaken().getManifest();
    manifest.getImagesList().forEach(RoundsTest::print);
    return manifest;
  }

  private static void print(ImageRecord image) {
    PauseRecord pause = image.getPause();
    System.out.printf(
        "%s %s %s: paused %.1f ms, stalled %.1f ms, rounds of %s pages%n",
        image.getVm(),
        image.getMode(),
        image.getStaging(),
        (pause.getResumeUs() - pause.getStopUs()) / 1000.0,
        image.getStalledUs() / 1000.0,
        image.getRoundsList().stream().map(RoundRecord::getPages).toList());
  }

  @ParameterizedTest
  @EnumSource(
      value = Staging.class,
      names = {"MEMORY", "DISK"})
  @Order(1)
  void shouldTakeExactSnapshotsInRoundsAndRestoreThem(Staging staging) {
    Guest vm1 = guests(1).get(0);
    vm1.run("echo before > /dev/vda; sync; echo wro''te", "wrote");

    Manifest manifest = take(CaptureMode.ROUNDS, staging);

    assertThat(manifest.getExact()).as(manifest.getInexactReason()).isTrue();
    assertThat(manifest.getImagesList())
        .hasSize(2)
        .allSatisfy(image -> {
          assertThat(image.getMode()).isEqualTo(CaptureMode.ROUNDS);
          assertThat(image.getStaging()).isEqualTo(staging);
          assertThat(image.getRoundsCount()).isGreaterThanOrEqualTo(2);
          assertThat(image.getRounds(0).getPages()).isGreaterThan(image.getRounds(1).getPages());
        });
    vm1.run("echo after! > /dev/vda; sync; echo wro''te", "wrote");
    long tickBefore = guests(2).get(0).count("tick");

    lab.restore(manifest, Map.of("vm1", "a", "vm2", "b"));

    Guest restored = guests(3).get(0);
    assertThat(restored.firstReport()).isNotEmpty();
    assertThat(Guest.count(restored.firstReport(), "tick")).isLessThan(tickBefore);
    restored.run("head -c 6 /dev/vda", "before");
  }

  @Test
  @Order(2)
  void shouldRunOnWhenCancelledAtAnyMoment() {
    for (int attempt = 0; attempt < CANCELLATIONS; attempt++) {
      CompletionStage<VneReply> running = begin(CaptureMode.ROUNDS, Staging.MEMORY);
      String step = lab.status().getStep();
      for (int asked = 0; asked < attempt * 20 && !step.isEmpty(); asked++) {
        step = lab.status().getStep();
      }
      lab.cancelSnapshot();

      VneReply reply = Lab.get(running);

      if (!reply.hasSnapshotTaken()) {
        assertThat(reply.getRefused().getReason()).as("after " + step).contains("cancel");
      }
      assertThat(lab.status().getPhase()).isEqualTo(Phase.RUNNING);
    }
    guests(3);
  }

  @Test
  @Order(3)
  void shouldCaptureInAnyModeAfterAnyOther() {
    for (CaptureMode mode :
        List.of(CaptureMode.INSTANT, CaptureMode.ROUNDS, CaptureMode.AUTO, CaptureMode.ROUNDS)) {
      assertThat(take(mode, Staging.STAGING_UNSPECIFIED).getExact()).isTrue();
    }
    guests(3);
  }
}
