package io.vnsnap.vm.qemu;

import static io.vnsnap.vm.qemu.RunningGuests.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.typesafe.config.ConfigFactory;
import io.vnsnap.proto.DiskRecord;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.vm.Capture;
import io.vnsnap.vm.DiskRebuild;
import io.vnsnap.vm.FrozenDisks;
import io.vnsnap.vm.MachineSpec;
import io.vnsnap.vm.MemoryStore;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Folds that take their time: snapshots beside them, and QEMU's death in their middle. */
@Timeout(240)
class QemuFoldTest {
  private static final int DISK_BYTES = 64 << 20;
  private static final int WRITTEN_MIB = 32;
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final RunningGuests guests =
      new RunningGuests(
          QemuSettings.from(
              ConfigFactory.parseString("vnsnap.vm.qemu.fold-wait = 1ms")
                  .withFallback(ConfigFactory.load())));
  private final MemoryStore store = new MemoryStore();
  private Path folder;
  private QemuMachine machine;
  private Console console;
  private int filled;

  @BeforeEach
  void boot() throws Exception {
    folder = guests.newFolder();
    Path image = folder.resolve("data.raw");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(DISK_BYTES);
    }
    machine =
        guests.boot(
            GuestKit.spec(
                folder,
                96,
                "vnsnap.name=vm",
                List.of(new MachineSpec.Disk("data", image, "raw", false))));
    console = new Console(machine.consoleSocket());
    get(machine.resume());
    console.awaitText("BOOTED");
  }

  @AfterEach
  void end() throws Exception {
    console.close();
    guests.end();
  }

  /** Random bytes from this quarter of the disk on, on the disk itself when this returns. */
  private void fill(int quarter) throws Exception {
    int time = ++filled;
    console.type(
        "dd if=/dev/urandom of=/dev/vda bs=1M count=%d seek=%d conv=fsync; echo fil''led-$?-%d"
            .formatted(WRITTEN_MIB, quarter * WRITTEN_MIB / 2, time));
    console.awaitText("filled-0-" + time);
  }

  private FrozenDisks cut(String snapshotId) throws Exception {
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

  private List<Path> overlays() throws IOException {
    try (Stream<Path> all = Files.list(folder.resolve("disks"))) {
      return all.toList();
    }
  }

  /** Of QEMU's only job. */
  private long progress() throws Exception {
    JsonNode jobs = get(machine.execute("query-jobs", JSON.objectNode()));
    assertThat(jobs).as("a job").hasSize(1);
    return jobs.get(0).path("current-progress").asLong();
  }

  private static void tool(String... command) throws Exception {
    Process process = new ProcessBuilder(command).inheritIO().start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(String.join(" ", command)).isZero();
  }

  @Test
  void shouldTakeASnapshotThatIsOrderedWhileAFoldGoesOn() throws Exception {
    DiskRecord last = DiskRecord.getDefaultInstance();
    for (int round = 0; round < 6; round++) {
      if (round % 3 < 2) {
        fill(round % 2);
      }
      FrozenDisks frozen = cut("s" + round);
      last = get(frozen.store(store, ImageTarget.of("s" + round, "vne", "vm"))).get(0);
    }
    // A pause would cancel a fold that is going on.
    await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(overlays()).hasSize(2));
    get(machine.pause());
    Path rebuilt = folder.resolve("rebuilt.raw");
    try (ImageReader reader = store.readDisk("s5", last)) {
      DiskRebuild.write(reader, last, rebuilt);
    }
    tool("qemu-img", "compare", "-U", "-f", "raw", "-F", "qcow2", rebuilt.toString(), newest());
  }

  private String newest() throws IOException {
    return overlays().stream()
        .filter(file -> file.toString().contains("after"))
        .findFirst()
        .orElseThrow()
        .toString();
  }

  @Test
  void shouldLoseNothingWhenQemuDiesInTheMiddleOfAFold() throws Exception {
    fill(0);
    cut("s0");
    fill(1);
    cut("s1");
    Path upper =
        overlays().stream()
            .filter(file -> file.toString().contains("after-s0"))
            .findFirst()
            .orElseThrow();
    Path active =
        overlays().stream()
            .filter(file -> file.toString().contains("after-s1"))
            .findFirst()
            .orElseThrow();
    Path expected = folder.resolve("expected.raw");
    tool(
        "qemu-img",
        "convert",
        "-U",
        "-f",
        "qcow2",
        "-O",
        "raw",
        upper.toString(),
        expected.toString());
    get(
        machine.execute(
            "block-commit",
            JSON.objectNode()
                .put("job-id", "slow")
                .put("device", "disk0-2")
                .put("top-node", "disk0-1")
                .put("base-node", "disk0-0")
                .put("speed", 1 << 20)));
    await().untilAsserted(() -> assertThat(progress()).isPositive());
    List<Path> files = overlays();
    for (Path file : files) {
      Files.createLink(folder.resolve(file.getFileName() + ".kept"), file);
    }

    get(machine.kill());

    assertThat(folder.resolve("disks")).isEmptyDirectory();
    for (Path file : files) {
      Files.createLink(file, folder.resolve(file.getFileName() + ".kept"));
    }
    tool("qemu-img", "check", "-q", "-f", "qcow2", active.toString());
    tool("qemu-img", "compare", "-f", "raw", "-F", "qcow2", expected.toString(), active.toString());
  }
}
