package io.vnsnap.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vnsnap.proto.DiskRecord;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(10)
class MachineSpecTest {
  private static final MachineSpec.Disk DISK =
      new MachineSpec.Disk("data", Path.of("/images/data.raw"), "raw", false);

  private static MachineSpec spec(String name, Path folder, List<MachineSpec.Disk> disks) {
    return new MachineSpec(
        name,
        folder,
        Path.of("/disks"),
        64,
        1,
        new MachineSpec.Boot(Path.of("/vmlinuz"), null, "quiet"),
        disks,
        List.of(new MachineSpec.Vnic("eth0", "52:54:00:00:00:01")));
  }

  private static MachineSpec spec(String name) {
    return spec(name, Path.of("/run/vm"), List.of(DISK));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "../x", "a/b", "A", "-a", "a,b", "a b", "a\n"})
  void shouldRefuseNamesThatCouldBecomeSomethingElse(String name) {
    assertThatThrownBy(() -> spec(name)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new MachineSpec.Vnic(name, "52:54:00:00:00:01"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new MachineSpec.Disk(name, Path.of("/d"), "raw", false))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "..", "a/b", ".hidden", "-x", "a b"})
  void shouldRefuseSnapshotIdsThatCouldLeaveTheirFolder(String id) {
    assertThatThrownBy(() -> MachineSpec.checkSnapshotId(id))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldSayByHowMuchAFolderIsTooLongForSockets() {
    Path folder = Path.of("/" + "x".repeat(100));
    assertThatThrownBy(() -> spec("vm", folder, List.of()))
        .hasMessageContaining("too long for UNIX sockets by 10 bytes");
  }

  @Test
  void shouldRefuseMoreDevicesThanFitTheBus() {
    List<MachineSpec.Disk> disks = Collections.nCopies(MachineSpec.MAX_DEVICES, DISK);
    assertThatThrownBy(() -> spec("vm", Path.of("/run/vm"), disks))
        .hasMessageContaining("at most 24");
  }

  @Test
  void shouldRefuseTwoDisksOfOneName() {
    assertThatThrownBy(() -> spec("vm", Path.of("/run/vm"), List.of(DISK, DISK)))
        .hasMessageContaining("two disks are named data");
  }

  @ParameterizedTest
  @ValueSource(strings = {"52:54:00:00:00", "52:54:00:00:00:0G", "52-54-00-00-00-01", "x,mac=1"})
  void shouldRefuseWhatIsNoMacAddress(String mac) {
    assertThatThrownBy(() -> new MachineSpec.Vnic("eth0", mac)).hasMessageContaining("not a MAC");
  }

  @Test
  void shouldTakeDisksFromTheRecordOfACut() {
    DiskRecord record =
        DiskRecord.newBuilder().setName("data").setFile("/frozen").setFormat("qcow2").build();
    assertThat(spec("vm").withDisks(List.of(record)).disks())
        .containsExactly(new MachineSpec.Disk("data", Path.of("/frozen"), "qcow2", false));
    assertThatThrownBy(() -> spec("vm").withDisks(List.of()))
        .hasMessageContaining("captured with the disks []");
  }
}
