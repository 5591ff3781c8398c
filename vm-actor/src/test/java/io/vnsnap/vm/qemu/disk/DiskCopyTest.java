package io.vnsnap.vm.qemu.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vnsnap.proto.DiskRecord;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.vm.DiskRebuild;
import io.vnsnap.vm.MemoryStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Disks that QEMU's own tools made and changed: what is stored and rebuilt is what those tools read
 * from them.
 */
@Timeout(120)
class DiskCopyTest {
  private static final int BLOCK = ImageReader.DISK_BLOCK_BYTES;
  private static final int MIB = 1 << 20;
  private static final ImageTarget TARGET = ImageTarget.of("s1", "vne", "vm");

  @TempDir private Path temp;

  private final MemoryStore store = new MemoryStore();
  private final ImageTool tool = new ImageTool("qemu-img", Duration.ofSeconds(20));
  private final Random random = new Random(4711);

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(String.join(" ", command) + ": " + said).isZero();
  }

  private Path raw(String name, long bytes) throws IOException {
    Path file = temp.toRealPath().resolve(name);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.allocate(1), bytes - 1);
      for (int i = 0; i < 12; i++) {
        byte[] data = new byte[random.nextInt(3 * BLOCK)];
        random.nextBytes(data);
        channel.write(ByteBuffer.wrap(data), random.nextLong(bytes - data.length));
      }
    }
    return file;
  }

  private Path overlay(String name, ImageTool.Source below, String options) throws Exception {
    Path file = temp.toRealPath().resolve(name);
    run(
        "qemu-img",
        "create",
        "-q",
        "-f",
        "qcow2",
        "-o",
        options,
        "-b",
        below.file().toString(),
        "-F",
        below.format(),
        file.toString());
    return file;
  }

  /** Changes a disk as a guest may: writes, zeros and discards of any length, sector by sector. */
  private void scribble(Path overlay, long bytes) throws Exception {
    List<String> command = new ArrayList<>(List.of("qemu-io", "-f", "qcow2", "-d", "unmap"));
    for (int i = 0; i < 20; i++) {
      long length = 512L * (1 + random.nextInt(300));
      long at = 512L * random.nextLong((bytes - length) / 512 + 1);
      String what =
          switch (random.nextInt(4)) {
            case 0 -> "write -z";
            case 1 -> "discard";
            default -> "write -P " + (1 + random.nextInt(255));
          };
      command.addAll(List.of("-c", what + " " + at + " " + length));
    }
    command.add(overlay.toString());
    run(command.toArray(String[]::new));
  }

  private DiskRecord copy(
      ImageTool.Source disk, long bytes, Optional<DiskRecord> base, Path... changed)
      throws IOException {
    DiskCopy.Plan plan =
        new DiskCopy.Plan("root", disk, bytes, base, Set.of(changed), temp.resolve("scratch"));
    ImageTarget target = ImageTarget.of("s" + random.nextInt(1_000_000), "vne", "vm");
    DiskRecord record = new DiskCopy(tool, plan).run(store, target);
    assertThat(temp.resolve("scratch")).doesNotExist();
    assertThat(store.open()).isZero();
    return record;
  }

  private void assertStored(DiskRecord record, ImageTool.Source disk) throws Exception {
    Path rebuilt = temp.resolve("rebuilt.raw");
    try (ImageReader reader = store.readDisk("s1", record)) {
      DiskRebuild.write(reader, record, rebuilt);
    }
    assertThat(rebuilt).hasSize(record.getBytes());
    run(
        "qemu-img",
        "compare",
        "-f",
        "raw",
        "-F",
        disk.format(),
        rebuilt.toString(),
        disk.file().toString());
  }

  @ParameterizedTest
  @CsvSource({
    "8388608, cluster_size=64k",
    "8389120, cluster_size=64k",
    "8388608, cluster_size=4k",
    "8450560, 'cluster_size=512'",
    "8388608, cluster_size=2M",
    "8454656, 'cluster_size=128k,extended_l2=on'",
  })
  void shouldStoreWhatHasChangedHoweverItsClustersLie(long bytes, String options) throws Exception {
    ImageTool.Source below = new ImageTool.Source(raw("below", bytes), "raw");
    DiskRecord whole = copy(below, bytes, Optional.empty());
    assertStored(whole, below);
    DiskRecord last = whole;
    for (int i = 0; i < 3; i++) {
      Path top = overlay("top" + i, below, options);
      scribble(top, bytes);
      ImageTool.Source disk = new ImageTool.Source(top, "qcow2");
      last = copy(disk, bytes, Optional.of(last), top);
      assertStored(last, disk);
      below = disk;
    }
  }

  @Test
  void shouldStoreTheChangesOfSeveralFilesAtOnce() throws Exception {
    ImageTool.Source below = new ImageTool.Source(raw("below", 8 * MIB), "raw");
    DiskRecord whole = copy(below, 8 * MIB, Optional.empty());
    Path first = overlay("first", below, "cluster_size=64k");
    scribble(first, 8 * MIB);
    Path second = overlay("second", new ImageTool.Source(first, "qcow2"), "cluster_size=64k");
    scribble(second, 8 * MIB);
    ImageTool.Source disk = new ImageTool.Source(second, "qcow2");

    assertStored(copy(disk, 8 * MIB, Optional.of(whole), first, second), disk);
  }

  @Test
  void shouldStoreOnlyTheBlocksThatHaveChanged() throws Exception {
    ImageTool.Source below = new ImageTool.Source(raw("below", 8 * MIB), "raw");
    DiskRecord whole = copy(below, 8 * MIB, Optional.empty());
    Path top = overlay("top", below, "cluster_size=64k");
    run("qemu-io", "-f", "qcow2", "-c", "write -P 7 1114112 512", top.toString());

    DiskRecord changed = copy(new ImageTool.Source(top, "qcow2"), 8 * MIB, Optional.of(whole), top);

    assertThat(changed.getAddedBytes()).isEqualTo(BLOCK);
    assertStored(changed, new ImageTool.Source(top, "qcow2"));
  }

  @Test
  void shouldReadCompressedImages() throws Exception {
    Path plain = raw("plain", 70 * MIB);
    Path compressed = temp.toRealPath().resolve("compressed");
    run(
        "qemu-img",
        "convert",
        "-c",
        "-f",
        "raw",
        "-O",
        "qcow2",
        plain.toString(),
        compressed.toString());
    ImageTool.Source below = new ImageTool.Source(compressed, "qcow2");
    DiskRecord whole = copy(below, 70 * MIB, Optional.empty());
    assertStored(whole, new ImageTool.Source(plain, "raw"));
    Path top = overlay("top", below, "cluster_size=4k");
    scribble(top, 70 * MIB);
    ImageTool.Source disk = new ImageTool.Source(top, "qcow2");

    assertStored(copy(disk, 70 * MIB, Optional.of(whole), top), disk);
  }

  @Test
  void shouldReadImagesWhoseDataLiesInAnotherFile() throws Exception {
    Path disk = temp.toRealPath().resolve("disk");
    Path data = temp.toRealPath().resolve("data");
    run(
        "qemu-img",
        "create",
        "-q",
        "-f",
        "qcow2",
        "-o",
        "data_file=" + data,
        disk.toString(),
        "8M");
    scribble(disk, 8 * MIB);

    ImageTool.Source source = new ImageTool.Source(disk, "qcow2");
    assertStored(copy(source, 8 * MIB, Optional.empty()), source);
  }

  @Test
  void shouldGiveNothingOfADiskThatDoesNotChange() throws Exception {
    ImageTool.Source disk = new ImageTool.Source(raw("fixed", 8 * MIB), "raw");
    DiskRecord first = copy(disk, 8 * MIB, Optional.empty());

    DiskRecord second = copy(disk, 8 * MIB, Optional.of(first));

    assertThat(second.getAddedBytes()).isZero();
    assertStored(second, disk);
  }

  @Test
  void shouldRefuseAChainThatIsNotTheOneItWasToldOf() throws Exception {
    ImageTool.Source below = new ImageTool.Source(raw("below", MIB), "raw");
    DiskRecord whole = copy(below, MIB, Optional.empty());
    Path top = overlay("top", below, "cluster_size=64k");

    assertThatThrownBy(() ->
            copy(
                new ImageTool.Source(top, "qcow2"),
                MIB,
                Optional.of(whole),
                top,
                temp.resolve("other")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("other");
    assertThat(store.open()).isZero();
  }

  @Test
  void shouldSayWhyADiskCannotBeRead() throws Exception {
    ImageTool.Source wrong = new ImageTool.Source(raw("raw", MIB), "qcow2");
    assertThatThrownBy(() -> tool.virtualSize(wrong)).hasMessageContaining("not in qcow2 format");
    ImageTool none = new ImageTool("no-such-qemu-img", Duration.ofSeconds(1));
    assertThatThrownBy(() -> none.virtualSize(wrong)).hasMessageContaining("qemu-utils");
  }

  @Test
  void shouldEndWhenItIsGivenUp() throws Exception {
    ImageTool.Source disk = new ImageTool.Source(raw("disk", MIB), "raw");
    DiskCopy copy =
        new DiskCopy(
            tool,
            new DiskCopy.Plan(
                "root", disk, MIB, Optional.empty(), Set.of(), temp.resolve("scratch")));
    copy.abandon();

    assertThatThrownBy(() -> copy.run(store, TARGET)).isInstanceOf(CancellationException.class);
    assertThat(store.open()).isZero();
    assertThat(store.holds("s1", "vm/root")).isFalse();
  }
}
