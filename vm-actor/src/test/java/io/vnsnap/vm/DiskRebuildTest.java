package io.vnsnap.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vnsnap.proto.DiskRecord;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskRebuildTest {
  private static final int BLOCK = ImageReader.DISK_BLOCK_BYTES;
  private static final long BYTES = 3L * BLOCK + 512;

  @TempDir private Path temp;

  private final MemoryStore store = new MemoryStore();

  private DiskRecord stored(String name, byte filling) throws IOException {
    try (ImageWriter writer =
        store.writeDisk(ImageTarget.of("s1", "vne", "vm"), name, Optional.empty())) {
      int block = writer.block(name, 4L * BLOCK);
      byte[] content = new byte[BLOCK];
      Arrays.fill(content, filling);
      writer.page(block, 1, ByteBuffer.wrap(content));
      writer.page(block, 3, ByteBuffer.wrap(Arrays.copyOf(Arrays.copyOf(content, 512), BLOCK)));
      ImageWriter.Committed committed = writer.commit();
      return DiskRecord.newBuilder()
          .setName(name)
          .setObject(committed.object())
          .setBytes(BYTES)
          .build();
    }
  }

  private MachineSpec spec(String... disks) {
    return new MachineSpec(
        "vm",
        temp.resolve("run"),
        temp.resolve("disks"),
        64,
        1,
        new MachineSpec.Boot(null, null, ""),
        Arrays.stream(disks)
            .map(name -> new MachineSpec.Disk(name, Path.of("/gone"), "qcow2", false))
            .toList(),
        List.of());
  }

  @Test
  void shouldMakeASparseFileOfEachDiskAsLongAsTheGuestTakesItToBe() throws IOException {
    List<DiskRecord> records = List.of(stored("root", (byte) 1), stored("data", (byte) 2));

    MachineSpec rebuilt = new DiskRebuild(store, "s1").into(spec("root", "data"), records);

    for (int i = 0; i < 2; i++) {
      MachineSpec.Disk disk = rebuilt.disks().get(i);
      assertThat(disk.stored()).isEqualTo(records.get(i));
      assertThat(disk.format()).isEqualTo("raw");
      byte[] content = Files.readAllBytes(disk.file());
      byte[] expected = new byte[(int) BYTES];
      Arrays.fill(expected, BLOCK, 2 * BLOCK, (byte) (i + 1));
      Arrays.fill(expected, 3 * BLOCK, expected.length, (byte) (i + 1));
      assertThat(content).isEqualTo(expected);
    }
    assertThat(store.open()).isZero();
  }

  @Test
  void shouldLeaveNothingWhenOneDiskCannotBeRebuilt() throws IOException {
    DiskRecord gone = stored("data", (byte) 2);
    List<DiskRecord> records = List.of(stored("root", (byte) 1), gone);
    store.remove(gone.getObject());

    assertThatThrownBy(() -> new DiskRebuild(store, "s1").into(spec("root", "data"), records))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("disk data of VM vm cannot be rebuilt");
    assertThat(temp.resolve("disks")).isEmptyDirectory();
    assertThat(store.open()).isZero();
  }

  @Test
  void shouldRefuseAnImageOfADiskOfAnotherLength() throws IOException {
    DiskRecord wrong = stored("root", (byte) 1).toBuilder().setBytes(BYTES + BLOCK).build();

    assertThatThrownBy(() -> new DiskRebuild(store, "s1").into(spec("root"), List.of(wrong)))
        .hasMessageContaining("not of a disk of " + (BYTES + BLOCK) + " bytes");
    assertThat(temp.resolve("disks")).isEmptyDirectory();
  }

  @Test
  void shouldSayHowMuchRoomIsMissing() {
    assertThatThrownBy(() -> DiskRebuild.checkSpace(temp, 1L << 60))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("disk full: 1073741824.0 GiB are needed in " + temp)
        .hasMessageContaining("another host");
  }

  @Test
  void shouldTakeTheFrozenFilesOfAnOlderSnapshotAsTheyAre() throws IOException {
    DiskRecord old =
        DiskRecord.newBuilder().setName("root").setFile("/frozen").setFormat("qcow2").build();

    MachineSpec spec = new DiskRebuild(store, "s1").into(spec("root"), List.of(old));

    assertThat(spec.disks())
        .containsExactly(new MachineSpec.Disk("root", Path.of("/frozen"), "qcow2", false));
  }
}
