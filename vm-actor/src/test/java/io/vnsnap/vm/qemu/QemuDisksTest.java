package io.vnsnap.vm.qemu;

import static io.vnsnap.vm.qemu.RunningGuests.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vnsnap.proto.DiskRecord;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.vm.Capture;
import io.vnsnap.vm.Machine;
import io.vnsnap.vm.MachineSpec;
import io.vnsnap.vm.MemoryStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Disks of a real guest across a cut. */
@Timeout(180)
class QemuDisksTest {
  private static final int DISK_BYTES = 4 << 20;

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

  private static String digest(String file) throws Exception {
    MessageDigest sha = MessageDigest.getInstance("SHA-256");
    return HexFormat.of().formatHex(sha.digest(Files.readAllBytes(Path.of(file))));
  }

  private static void write(Console console, String word) throws Exception {
    console.type(
        "echo "
            + word
            + " | dd of=/dev/vda bs=512 conv=sync,fsync 2>/dev/null; echo wrote-$?-"
            + word);
    console.awaitText("wrote-0-" + word);
  }

  @Test
  void shouldFreezeDisksAtTheCutAndRestoreFromTheFrozenFiles() throws Exception {
    String untouched = digest(image.toString());
    Machine machine = guests.boot(spec(folder));
    List<DiskRecord> frozen;
    try (Console console = new Console(machine.consoleSocket())) {
      get(machine.resume());
      console.awaitText("BOOTED");
      write(console, "before");
      Capture capture =
          get(
              machine.prepareCapture(
                  store.writeImage(ImageTarget.of("s1", "vne", "vm")), GuestKit.QUIET));
      get(machine.pause());
      frozen = get(machine.freezeDisks("s1"));
      get(capture.start());
      String atCut = digest(frozen.get(0).getFile());
      write(console, "after");
      get(capture.stored());
      assertThat(digest(frozen.get(0).getFile())).isEqualTo(atCut);
    }
    assertThat(frozen).extracting(DiskRecord::getName).containsExactly("data", "fixed");
    assertThat(frozen).extracting(DiskRecord::getFormat).containsExactly("qcow2", "raw");
    assertThat(frozen.get(1).getFile()).isEqualTo(image.toString());
    assertThat(digest(image.toString())).isEqualTo(untouched);

    get(machine.kill());
    try (Stream<Path> left = Files.list(folder.resolve("disks"))) {
      assertThat(left).containsExactly(Path.of(frozen.get(0).getFile()));
    }
    Path other = guests.newFolder();
    Machine restored =
        guests.keep(
            guests.hypervisor().load(spec(other).withDisks(frozen), store.read("s1", "vm")));
    try (Console console = new Console(restored.consoleSocket())) {
      get(restored.resume());
      console.type("echo 3 >/proc/sys/vm/drop_caches; echo disk-$(head -c 6 /dev/vda)");
      console.awaitText("disk-before");
      write(console, "again");
    }
  }

  @Test
  void shouldFreezeTwiceInARow() throws Exception {
    Machine machine = guests.boot(spec(folder));
    get(machine.resume());
    get(machine.pause());
    List<DiskRecord> first = get(machine.freezeDisks("s1"));
    List<DiskRecord> second = get(machine.freezeDisks("s2"));
    assertThat(second.get(0).getFile()).contains("after-s1").isNotEqualTo(first.get(0).getFile());
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
