package io.vnsnap.shell.render;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.CardTrouble;
import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.Endpoint;
import io.vnsnap.proto.HostDescription;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.PauseRecord;
import io.vnsnap.proto.Phase;
import io.vnsnap.proto.RefusedFrames;
import io.vnsnap.proto.RoundRecord;
import io.vnsnap.proto.SnapshotList;
import io.vnsnap.proto.Staging;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VmStatus;
import io.vnsnap.proto.VneStatus;
import io.vnsnap.proto.VnicSpec;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class ViewsTest {
  private static final ZoneId ZONE = ZoneOffset.UTC;
  private static final VneStatus LAB =
      VneStatus.newBuilder()
          .setVne("lab")
          .setPhase(Phase.SNAPSHOTTING)
          .setStep("storing")
          .setGeneration(2)
          .setEpoch(3)
          .setLastSnapshotId("lab-20260102-030405-77aa")
          .setLastFailure("disk full on host a:\n3.1 GiB needed\u001b[31m")
          .setTopology(
              Topology.newBuilder()
                  .setName("lab")
                  .addVms(
                      VmSpec.newBuilder()
                          .setName("vm1")
                          .setMemoryMib(128)
                          .addVnics(VnicSpec.getDefaultInstance()))
                  .addVms(
                      VmSpec.newBuilder()
                          .setName("database")
                          .setMemoryMib(2048)
                          .addVnics(VnicSpec.getDefaultInstance())))
          .addVms(
              VmStatus.newBuilder()
                  .setVm("vm1")
                  .setHost("a")
                  .setState("running")
                  .setPid(4711)
                  .setDoneBytes(32 << 20)
                  .setTotalBytes(128 << 20)
                  .setHypervisorVersion("7.2.22"))
          .addVms(VmStatus.newBuilder().setVm("database").setState("host lost"))
          .build();

  private static final Manifest SNAPSHOT =
      Manifest.newBuilder()
          .setSnapshotId("lab-20260102-030405-77aa")
          .setVne("lab")
          .setLabel("before upgrade")
          .setCreatedEpochMs(1_767_323_045_000L)
          .setSealedEpochMs(1_767_323_048_250L)
          .setEpoch(3)
          .setExact(true)
          .setTopology(LAB.getTopology())
          .addImages(image("vm1", "a", 1_000_000, 1_008_400, 66_000_000))
          .addImages(image("database", "b", 1_001_500, 1_121_500, 1_500_000_000))
          .addChannels(channel(0, 1, 1200, 1190, 10))
          .addChannels(channel(1, 0, 3400, 3398, 2))
          .build();

  private static ImageRecord image(String vm, String host, long stop, long resume, long bytes) {
    return ImageRecord.newBuilder()
        .setVm(vm)
        .setHost(host)
        .setBytes(bytes)
        .setPause(PauseRecord.newBuilder().setStopUs(stop).setResumeUs(resume))
        .build();
  }

  private static ChannelRecord channel(int from, int to, long sent, long delivered, long recorded) {
    return ChannelRecord.newBuilder()
        .setFrom(from)
        .setTo(to)
        .setSent(sent)
        .setDelivered(delivered)
        .setRecorded(recorded)
        .build();
  }

  private static String text(List<String> lines) {
    return String.join("\n", lines) + "\n";
  }

  @Test
  void shouldShowOneVne() {
    assertThat(text(StatusView.one(LAB, Style.PLAIN)))
        .isEqualTo(
            """
            VNE lab: snapshotting, storing (generation 2, epoch 3)
            Last snapshot: lab-20260102-030405-77aa
            Last failure: disk full on host a: 3.1 GiB needed?[31m
            VM        HOST  STATE            PID    MEMORY  HYPERVISOR
            vm1       a     running (25 %)  4711   128 MiB  7.2.22
            database  -     host lost          -  2048 MiB  -
            """);
  }

  @Test
  void shouldShowWhatIsWrongWithNetworkCards() {
    VneStatus.Builder lab = LAB.toBuilder().clearLastFailure().clearLastSnapshotId();
    lab.getVmsBuilder(0)
        .clearDoneBytes()
        .clearTotalBytes()
        .addCards(CardTrouble.newBuilder().setVnic("eth0").setDisconnectedReason("it was\nclosed"))
        .addCards(
            CardTrouble.newBuilder()
                .setVnic("eth1")
                .addRefused(RefusedFrames.newBuilder().setCause("forged source").setFrames(2))
                .addRefused(RefusedFrames.newBuilder().setCause("VLAN tag").setFrames(10)));
    lab.getVmsBuilder(1).addCards(lab.getVms(0).getCards(0));
    assertThat(text(StatusView.one(lab.build(), Style.PLAIN)))
        .isEqualTo(
            """
            VNE lab: snapshotting, storing (generation 2, epoch 3)
            VM        HOST  STATE                             PID    MEMORY  HYPERVISOR
            vm1       a     running, card eth0 disconnected  4711   128 MiB  7.2.22
            database  -     host lost                           -  2048 MiB  -
              vm1/eth0 disconnected: it was closed; restore the VNE, or take it down
              vm1/eth1 refused 12 frames (forged source 2, VLAN tag 10)
            """);
    assertThat(text(JsonView.vneLines(lab.build())))
        .contains("\"forged source\" : 2", "\"VLAN tag\" : 10", "it was\\nclosed");
  }

  @Test
  void shouldListVnes() {
    assertThat(text(StatusView.list(List.of(LAB), Style.PLAIN)))
        .isEqualTo(
            """
            VNE  STATE                  VMS  HOSTS  LAST SNAPSHOT             LAST FAILURE
            lab  snapshotting, storing    2  a      lab-20260102-030405-77aa  disk full on host a: 3.1 GiB needed?[31m
            """);
    assertThat(StatusView.list(List.of(), Style.PLAIN))
        .containsExactly("No VNE is deployed. Deploy one: vnsnap up FILE");
  }

  @Test
  void shouldDrawBars() {
    assertThat(text(StatusView.bars("Snapshot of lab", LAB, Style.PLAIN)))
        .isEqualTo(
            """
            Snapshot of lab: snapshotting, storing
              vm1       ######------------------  25 %  32 MiB of 128 MiB
              database  ------------------------   0 %  host lost
            """);
    assertThat(ProgressBar.of(1, 4, new Style(true, true)))
        .isEqualTo("\u001b[32m━━━━\u001b[0m\u001b[2m\u001b[0m 100 %");
    assertThat(ProgressBar.of(7, 4, Style.PLAIN)).isEqualTo("#### 100 %");
    assertThat(ProgressBar.of(Double.NaN, 4, Style.PLAIN)).isEqualTo("----   0 %");
  }

  @Test
  void shouldShowHosts() {
    HostDescription a =
        HostDescription.newBuilder()
            .setHost("a")
            .setMemoryMib(1024)
            .setMemoryUsedMib(256)
            .setCpus(2)
            .setTrunk(Endpoint.newBuilder().setAddress("10.1.2.3").setPort(2552))
            .setHypervisor("qemu")
            .setHypervisorVersion("7.2.22")
            .build();
    HostDescription b =
        HostDescription.newBuilder().setHost("b").setUnusableReason("no QEMU found").build();
    assertThat(text(HostsView.lines(List.of(a, b), Style.PLAIN)))
        .isEqualTo(
            """
            HOST  MEMORY USED    MEMORY  CPUS  HYPERVISOR   TRUNK          STATE
            a         256 MiB  1024 MiB     2  qemu 7.2.22  10.1.2.3:2552  ready
            b           0 MiB     0 MiB     0  -            -              no QEMU found
            """);
  }

  @Test
  void shouldListSnapshots() {
    SnapshotList list =
        SnapshotList.newBuilder()
            .addSnapshots(SNAPSHOT)
            .addDamaged("lab-x: manifest ends after 17 bytes")
            .build();
    assertThat(text(SnapshotView.list(list, ZONE, Style.PLAIN)))
        .isEqualTo(
            """
            SNAPSHOT                  LABEL           VNE  TAKEN                VMS     SIZE    ADDED  LONGEST PAUSE  EXACT
            lab-20260102-030405-77aa  before upgrade  lab  2026-01-02 03:04:05    2  1.5 GiB  1.5 GiB         120 ms  yes
            damaged: lab-x: manifest ends after 17 bytes
            """);
  }

  @Test
  void shouldShowOneSnapshot() {
    assertThat(text(SnapshotView.one(SNAPSHOT, ZONE, Style.PLAIN)))
        .isEqualTo(
            """
            Snapshot lab-20260102-030405-77aa of VNE lab (before upgrade)
            Taken 2026-01-02 03:04:05, sealed 3.3 s later
            Exact: every channel balances
            VM        HOST  MODE   PAUSE  STALLED  FRAMES RECORDED     IMAGE  DISKS     ADDED
            vm1       a     -     8.4 ms        -                2  62.9 MiB      -  62.9 MiB
            database  b     -     120 ms        -               10   1.4 GiB      -   1.4 GiB
            Pause: median 8.4 ms, longest 120 ms; skew 1.5 ms
            Size: 1.5 GiB of memory, devices and disks; the store grew by 1.5 GiB
            Frames before the cut: 4,600 sent, 4,588 delivered, 12 recorded in flight, 0 dropped
            """);
  }

  @Test
  void shouldShowHowImagesWereCaptured() {
    Manifest manifest =
        SNAPSHOT.toBuilder()
            .setImages(
                0,
                SNAPSHOT.getImages(0).toBuilder()
                    .setObject("images/00112233aabbccdd")
                    .setAddedBytes(1 << 20)
                    .setMode(CaptureMode.ROUNDS)
                    .setStaging(Staging.MEMORY)
                    .setStalledUs(1500)
                    .addRounds(
                        RoundRecord.newBuilder()
                            .setPages(32_768)
                            .setZeroPages(20_000)
                            .setBytes(52 << 20)
                            .setDurationUs(250_000))
                    .addRounds(
                        RoundRecord.newBuilder()
                            .setPages(40)
                            .setBytes(160 << 10)
                            .setDurationUs(900))
                    .addDisks(
                        DiskRecord.newBuilder()
                            .setName("root")
                            .setFormat("qcow2")
                            .setObject("images/0123456789abcdef")
                            .setBytes(10L << 30)
                            .setAddedBytes(3 << 20)))
            .setImages(
                1,
                SNAPSHOT.getImages(1).toBuilder()
                    .setMode(CaptureMode.INSTANT)
                    .addDisks(
                        DiskRecord.newBuilder()
                            .setName("data")
                            .setFormat("raw")
                            .setFile("/vm/data.raw")))
            .build();
    assertThat(text(SnapshotView.one(manifest, ZONE, Style.PLAIN)))
        .isEqualTo(
            """
            Snapshot lab-20260102-030405-77aa of VNE lab (before upgrade)
            Taken 2026-01-02 03:04:05, sealed 3.3 s later
            Exact: every channel balances
            VM        HOST  MODE             PAUSE  STALLED  FRAMES RECORDED     IMAGE   DISKS    ADDED
            vm1       a     rounds, memory  8.4 ms   1.5 ms                2  62.9 MiB  10 GiB    4 MiB
            database  b     instant         120 ms        -               10   1.4 GiB       -  1.4 GiB

            VM   ROUND   PAGES    ZERO    BYTES    TIME
            vm1      1  32,768  20,000   52 MiB  250 ms
            vm1    cut      40       0  160 KiB  0.9 ms

            VM        DISK  FORMAT    SIZE  ADDED  WHERE
            vm1       root  qcow2   10 GiB  3 MiB  in the store
            database  data  raw          -      -  /vm/data.raw on host b

            Pause: median 8.4 ms, longest 120 ms; skew 1.5 ms
            Size: 11.5 GiB of memory, devices and disks; the store grew by 1.4 GiB
            Frames before the cut: 4,600 sent, 4,588 delivered, 12 recorded in flight, 0 dropped
            """);
    JsonNode vm = JsonView.snapshot(manifest).at("/vms/0");
    assertThat(vm.get("mode").asText()).isEqualTo("rounds");
    assertThat(vm.at("/rounds/1/durationMs").asDouble()).isEqualTo(0.9);
    assertThat(vm.at("/disks/0/inStore").asBoolean()).isTrue();
    assertThat(vm.get("addedBytes").asLong()).isEqualTo(4 << 20);
  }

  @Test
  void shouldGiveScriptsNumbers() {
    assertThat(JsonView.snapshot(SNAPSHOT).toString())
        .isEqualTo(
            "{\"snapshot\":\"lab-20260102-030405-77aa\",\"label\":\"before"
                + " upgrade\",\"vne\":\"lab\",\"createdEpochMs\":1767323045000,\"sealedEpochMs\":1767323048250,\"epoch\":3,\"exact\":true,\"inexactReason\":\"\",\"pauseMs\":{\"p50\":8.4,\"max\":120.0},\"skewMs\":1.5,\"framesSent\":4600,\"framesDelivered\":4588,\"framesRecorded\":12,\"framesDropped\":0,\"imageBytes\":1566000000,\"logicalBytes\":1566000000,\"addedBytes\":1566000000,\"vms\":[{\"vm\":\"vm1\",\"host\":\"a\",\"pauseMs\":8.4,\"framesRecorded\":2,\"imageBytes\":66000000,\"diskBytes\":0,\"addedBytes\":66000000,\"mode\":\"auto\",\"staging\":\"\",\"stalledMs\":0.0,\"rounds\":[],\"disks\":[]},{\"vm\":\"database\",\"host\":\"b\",\"pauseMs\":120.0,\"framesRecorded\":10,\"imageBytes\":1500000000,\"diskBytes\":0,\"addedBytes\":1500000000,\"mode\":\"auto\",\"staging\":\"\",\"stalledMs\":0.0,\"rounds\":[],\"disks\":[]}]}");
    assertThat(JsonView.vne(LAB).get("vms").get(0).get("pid").asLong()).isEqualTo(4711);
    assertThat(JsonView.vne(LAB).get("phase").asText()).isEqualTo("snapshotting");
  }

  @Test
  void shouldGiveUnits() {
    assertThat(List.of(0L, 1023L, 1024L, 1536L, 128L << 20, (1L << 30) - 1, Long.MAX_VALUE))
        .extracting(Units::bytes)
        .containsExactly("0 B", "1023 B", "1 KiB", "1.5 KiB", "128 MiB", "1.0 GiB", "8 EiB");
    assertThat(List.of(0.04, 8.44, 99.96, 999.4, 999.6, 59_940.0, 125_000.0))
        .extracting(Units::millis)
        .containsExactly("0.0 ms", "8.4 ms", "100 ms", "999 ms", "1.0 s", "59.9 s", "2 min 5 s");
  }
}
