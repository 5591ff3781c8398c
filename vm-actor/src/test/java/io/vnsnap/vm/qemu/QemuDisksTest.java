package io.vnsnap.vm.qemu;

import static io.vnsnap.vm.qemu.RunningGuests.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.vnsnap.proto.DiskRecord;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.vm.Capture;
import io.vnsnap.vm.DiskRebuild;
import io.vnsnap.vm.FrozenDisks;
import io.vnsnap.vm.Machine;
import io.vnsnap.vm.MachineSpec;
import io.vnsnap.vm.MemoryStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Disks of a real guest across cuts. */
@Timeout(240)
class QemuDisksTest {
  /** Not a whole number of the store's blocks. */
  private static final int DISK_BYTES = (4 << 20) + 512;

  private final RunningGuests guests = new RunningGuests();
  private final MemoryStore store = new MemoryStore();
  private Path folder;
  private Path image;

  @BeforeEach
  void makeImage() throws Exception {
    folder = guests.newFolder();
    image = folder.resolve("user,s disk.raw");
    Files.write(image, new byte[DISK_BYTES]);
  }

  @AfterEach
  void end() throws Exception {
    guests.end();
  }

  private MachineSpec spec(Path where) {
    return GuestKit.spec(
        where,
        96,
        "vnsnap.name=vm",
        List.of(
            new MachineSpec.Disk("data", image, "raw", false),
            new MachineSpec.Disk("fixed", image, "raw", true)));
  }

  private static String digest(Path file) throws Exception {
    MessageDigest sha = MessageDigest.getInstance("SHA-256");
    return HexFormat.of().formatHex(sha.digest(Files.readAllBytes(file)));
  }

  /** Text at the beginning of a block of 512 bytes, on the disk itself when this returns. */
  private static void write(Console console, String word, int block) throws Exception {
    console.type(
        "echo %s | dd of=/dev/vda bs=512 seek=%d conv=sync,fsync 2>/dev/null; echo wrote-$?-%s"
            .formatted(word, block, word));
    console.awaitText("wrote-0-" + word);
  }

  private static void expectOnDisk(Console console, String word, int block) throws Exception {
    console.type(
        "echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/vda bs=512 skip=%d count=1 2>/dev/null"
                .formatted(block)
            + " | sed 's/^/disk-/' | head -n 1");
    console.awaitText("disk-" + word);
  }

  private FrozenDisks cut(Machine machine, String snapshotId) throws Exception {
    Capture capture =
        get(
            machine.prepareCapture(
                store.writeImage(ImageTarget.of(snapshotId, "vne", "vm")), GuestKit.QUIET));
    get(machine.pause());
    FrozenDisks frozen = get(machine.freezeDisks(snapshotId));
    get(capture.start());
    get(capture.stored());
    return frozen;
  }

  private List<DiskRecord> snapshot(Machine machine, String snapshotId) throws Exception {
    return get(cut(machine, snapshotId).store(store, ImageTarget.of(snapshotId, "vne", "vm")));
  }

  private List<Path> overlays(Path where) throws IOException {
    try (Stream<Path> all = Files.list(where.resolve("disks"))) {
      return all.filter(file -> file.toString().contains("data")).toList();
    }
  }

  private void awaitOverlays(Path where, int number) {
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(() -> assertThat(overlays(where)).hasSize(number));
  }

  private Path rebuilt(DiskRecord record) throws IOException {
    Path file = folder.resolve("rebuilt-" + record.getObject().replace('/', '-'));
    try (ImageReader reader = store.readDisk("s", record)) {
      DiskRebuild.write(reader, record, file);
    }
    return file;
  }

  private static String text(Path disk, int block) throws IOException {
    byte[] all = Files.readAllBytes(disk);
    return new String(all, block * 512, 512, StandardCharsets.US_ASCII).replace("\0", "").strip();
  }

  @Test
  void shouldStoreDisksAsTheyWereAtTheCutAndRestoreThemElsewhere() throws Exception {
    String untouched = digest(image);
    Machine machine = guests.boot(spec(folder));
    List<DiskRecord> records;
    try (Console console = new Console(machine.consoleSocket())) {
      get(machine.resume());
      console.awaitText("BOOTED");
      write(console, "before", 8192);
      FrozenDisks frozen = cut(machine, "s1");
      write(console, "after", 8192);
      records = get(frozen.store(store, ImageTarget.of("s1", "vne", "vm")));
    }
    assertThat(records).extracting(DiskRecord::getName).containsExactly("data", "fixed");
    assertThat(records).extracting(DiskRecord::getBytes).containsOnly((long) DISK_BYTES);
    assertThat(rebuilt(records.get(0))).hasSize(DISK_BYTES);
    assertThat(text(rebuilt(records.get(0)), 8192)).isEqualTo("before");
    assertThat(digest(rebuilt(records.get(1)))).isEqualTo(untouched).isEqualTo(digest(image));

    get(machine.kill());
    assertThat(folder.resolve("disks")).isEmptyDirectory();
    Files.delete(image);
    Path other = guests.newFolder();
    MachineSpec spec = new DiskRebuild(store, "s1").into(spec(other), records);
    Machine restored = guests.keep(guests.hypervisor().load(spec, store.read("s1", "vm")));
    try (Console console = new Console(restored.consoleSocket())) {
      get(restored.resume());
      expectOnDisk(console, "before", 8192);
      write(console, "again", 0);
      snapshot(restored, "s2");
      awaitOverlays(other, 2);
      expectOnDisk(console, "again", 0);
      expectOnDisk(console, "before", 8192);
    }
    get(restored.kill());
    assertThat(other.resolve("disks")).isEmptyDirectory();
  }

  @Test
  void shouldKeepOneOverlayHoweverManySnapshotsAreTaken() throws Exception {
    Machine machine = guests.boot(spec(folder));
    try (Console console = new Console(machine.consoleSocket())) {
      get(machine.resume());
      console.awaitText("BOOTED");
      long addedBySecond = 0;
      for (int i = 0; i < 12; i++) {
        write(console, "word" + i, i * 600);
        List<DiskRecord> records = snapshot(machine, "s" + i);
        for (int j = 0; j <= i; j++) {
          assertThat(text(rebuilt(records.get(0)), j * 600)).isEqualTo("word" + j);
        }
        addedBySecond = Math.max(addedBySecond, i == 0 ? 0 : records.get(0).getAddedBytes());
        assertThat(records.get(1).getAddedBytes()).isZero();
        awaitOverlays(folder, 2);
      }
      assertThat(addedBySecond).isEqualTo(ImageReader.DISK_BLOCK_BYTES);
      for (int j = 0; j < 12; j++) {
        expectOnDisk(console, "word" + j, j * 600);
      }
    }
  }

  @Test
  void shouldStoreWithTheNextSnapshotWhatOneThatFailedDidNot() throws Exception {
    Machine machine = guests.boot(spec(folder));
    try (Console console = new Console(machine.consoleSocket())) {
      get(machine.resume());
      console.awaitText("BOOTED");
      write(console, "one", 0);
      snapshot(machine, "s1");
      for (int i = 0; i < 3; i++) {
        write(console, "given-up" + i, 1000 + i * 1000);
        get(cut(machine, "given-up" + i).cancel());
        awaitOverlays(folder, 3);
      }
      write(console, "two", 0);
      FrozenDisks full = cut(machine, "full");
      store.limitTo(0);
      assertThatThrownBy(() -> get(full.store(store, ImageTarget.of("full", "vne", "vm"))))
          .hasMessageContaining("disk data was not stored")
          .hasStackTraceContaining("disk full on test store");
      store.limitTo(Long.MAX_VALUE);

      DiskRecord next = snapshot(machine, "s2").get(0);

      assertThat(next.getAddedBytes()).isEqualTo(4L * ImageReader.DISK_BLOCK_BYTES);
      Path file = rebuilt(next);
      assertThat(text(file, 0)).isEqualTo("two");
      for (int i = 0; i < 3; i++) {
        assertThat(text(file, 1000 + i * 1000)).isEqualTo("given-up" + i);
      }
      awaitOverlays(folder, 2);
    }
  }

  @Test
  void shouldStoreTheWholeDiskWhenWhatItWasComparedWithIsGone() throws Exception {
    Machine machine = guests.boot(spec(folder));
    try (Console console = new Console(machine.consoleSocket())) {
      get(machine.resume());
      console.awaitText("BOOTED");
      write(console, "one", 0);
      store.remove(snapshot(machine, "s1").get(0).getObject());
      write(console, "two", 1000);

      DiskRecord next = snapshot(machine, "s2").get(0);

      assertThat(text(rebuilt(next), 0)).isEqualTo("one");
      assertThat(text(rebuilt(next), 1000)).isEqualTo("two");
    }
  }

  @Test
  void shouldLeaveNothingWhenADiskIsNotWhatItIsSaidToBe() throws Exception {
    MachineSpec spec =
        GuestKit.spec(folder, 96, "", List.of(new MachineSpec.Disk("data", image, "qcow2", false)));
    assertThatThrownBy(() -> get(guests.hypervisor().start(spec)))
        .hasMessageContaining("no overlay for disk data");
    assertThat(Files.exists(spec.folder())).isFalse();
    assertThat(folder.resolve("disks")).isEmptyDirectory();
  }
}
