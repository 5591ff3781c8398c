package io.vnsnap.it.vne;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.DiskSpec;
import io.vnsnap.proto.LinkSpec;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.Phase;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VnicSpec;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.SnapshotVerification;
import io.vnsnap.store.pages.PageStore;
import io.vnsnap.vm.DiskRebuild;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/**
 * A database in a guest, SQLite on ext4 with every commit synced, that commits numbered rows and
 * says each number on the console once it is committed. What it said before a snapshot was ordered
 * was acknowledged before the cut.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(600)
class DatabaseTest {
  private static final int SNAPSHOTS = 10;
  private static final long DISK_BYTES = (96L << 20) + 512;
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final Pattern COMMITTED = Pattern.compile("ACK (\\d+)\\r?\\n");
  private static final Pattern ROWS = Pattern.compile("ROWS (\\d+) FROM (\\d+) TO (\\d+) OK");

  /** What is typed is echoed, and must not look like an answer. */
  private static final String COMMIT_FOR_EVER =
      "(i=1; while :; do echo \"insert into t values($i, hex(randomblob(300)));"
          + " select 'AC'||'K '||$i;\"; i=$((i+1)); done | sqlite3 /mnt/db) &";

  private static final String CHECK =
      "echo 3 >/proc/sys/vm/drop_caches; echo \"select 'ROWS '||count(*)||' FROM '||min(n)||' TO '"
          + "||max(n)||case (select integrity_check from pragma_integrity_check)"
          + " when 'ok' then ' OK' else ' BROKEN' end from t;\" | sqlite3 /mnt/db";

  private final Lab lab;
  private Manifest last = Manifest.getDefaultInstance();
  private long acknowledged;

  DatabaseTest() throws Exception {
    lab = Lab.start();
  }

  @BeforeAll
  void boot() throws Exception {
    Path disk = lab.folder().resolve("user.raw");
    try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
      file.setLength(DISK_BYTES);
    }
    lab.up(topology(disk));
    Guest guest = booted();
    guest.run(
        "mkfs.ext4 -q -F /dev/vda && mkdir -p /mnt && mount /dev/vda /mnt; echo do''ne-$?",
        "done-0");
    guest.run(
        "sqlite3 /mnt/db 'create table t(n integer primary key, x text)'; echo ta''ble-$?",
        "table-0");
    guest.run(COMMIT_FOR_EVER, "ACK 5");
  }

  /** The console of a VM that was started anew, with a shell there that takes what is typed. */
  private Guest booted() {
    Guest guest = lab.guest("db");
    await("a shell").atMost(PATIENCE).until(() -> guest.hasSaid("db# "));
    return guest;
  }

  @AfterAll
  void end() throws IOException {
    lab.close();
  }

  /** The guest kit with SQLite and what makes a file system; built once, then cached. */
  private static Path kit() throws IOException, InterruptedException {
    Process build =
        new ProcessBuilder("../guest/build", "--package", "sqlite3", "--package", "e2fsprogs")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String folder = new String(build.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(build.waitFor()).as("guest/build").isZero();
    return Path.of(folder.strip());
  }

  private static Topology topology(Path disk) throws IOException, InterruptedException {
    Path kit = kit();
    return Topology.newBuilder()
        .setName(Lab.VNE)
        .addLinks(LinkSpec.newBuilder().setName("lan"))
        .addVms(
            VmSpec.newBuilder()
                .setName("db")
                .setMemoryMib(192)
                .setCpus(1)
                .setKernel(kit.resolve("vmlinuz").toString())
                .setInitramfs(kit.resolve("initramfs.gz").toString())
                .setCommandLine("console=ttyS0 quiet panic=-1 vnsnap.name=db")
                .setHost("a")
                .addDisks(
                    DiskSpec.newBuilder().setName("data").setFile(disk.toString()).setFormat("raw"))
                .addVnics(
                    VnicSpec.newBuilder()
                        .setName("eth0")
                        .setMac("52:54:00:00:00:01")
                        .setLink("lan")))
        .build();
  }

  private static long committed(Guest guest) {
    return guest.lastSaid(COMMITTED).map(said -> Long.parseLong(said.group(1))).orElse(0L);
  }

  private static void awaitCommits(Guest guest, long beyond) {
    await("commits go on beyond " + beyond).atMost(PATIENCE).until(() -> committed(guest) > beyond);
  }

  /** Checks the database from its disk: whole, and every row there from the first to some last. */
  private static long rows(Guest guest) {
    guest.run(CHECK, "ROWS ");
    await("the database is checked").atMost(PATIENCE).until(() -> guest.lastSaid(ROWS).isPresent());
    var said = guest.lastSaid(ROWS).orElseThrow();
    assertThat(said.group(2)).isEqualTo("1");
    assertThat(said.group(1)).as("rows, numbered from 1").isEqualTo(said.group(3));
    return Long.parseLong(said.group(1));
  }

  @Test
  @Order(1)
  void shouldKeepOneOverlayOverManySnapshotsUnderLoad() throws IOException {
    Guest guest = lab.guest("db");
    long added = 0;
    for (int i = 0; i < SNAPSHOTS; i++) {
      awaitCommits(guest, Math.max(committed(guest), acknowledged) + 3);
      acknowledged = committed(guest);
      last = lab.snapshot("no. " + i);
      DiskRecord disk = last.getImages(0).getDisks(0);
      assertThat(disk.getBytes()).isEqualTo(DISK_BYTES);
      assertThat(disk.getObject()).isNotEmpty();
      added = Math.max(added, i == 0 ? 0 : disk.getAddedBytes());
    }

    Path disks = lab.folder().resolve("a").resolve("disks").resolve(Lab.VNE + "-1").resolve("db");
    await("overlays are folded")
        .atMost(PATIENCE)
        .untilAsserted(() -> {
          try (Stream<Path> files = Files.list(disks)) {
            assertThat(files).hasSizeBetween(1, 2);
          }
        });
    assertThat(added).as("a later snapshot stores what changed").isLessThan(DISK_BYTES / 8);
    try (PageStore store = PageStore.inDirectory(lab.store(), "it")) {
      assertThat(SnapshotVerification.of(store, last.getSnapshotId()).violations()).isEmpty();
    }
  }

  @Test
  @Order(2)
  void shouldGoOnFromTheCutOnAnotherHostWithEveryAcknowledgedCommit() throws IOException {
    awaitCommits(lab.guest("db"), acknowledged + 10);
    ProcessHandle.of(lab.vm("db").getPid()).orElseThrow().destroyForcibly();
    await("the loss is noticed")
        .atMost(PATIENCE)
        .until(() -> lab.status().getPhase() == Phase.DEGRADED);
    Files.delete(lab.folder().resolve("user.raw"));

    lab.restore(last, Map.of("db", "b"));

    assertThat(lab.vm("db").getHost()).isEqualTo("b");
    Guest guest = lab.guest("db");
    awaitCommits(guest, acknowledged + 20);
    guest.run("killall sqlite3; sleep 1; echo sto''pped", "stopped");
    assertThat(rows(guest)).isGreaterThanOrEqualTo(committed(guest));
  }

  @Test
  @Order(3)
  void shouldRecoverEveryAcknowledgedCommitFromTheDiskAlone() throws Exception {
    lab.down();
    for (String host : new String[] {"a", "b"}) {
      assertThat(lab.folder().resolve(host).resolve("disks")).isEmptyDirectory();
    }
    DiskRecord record = last.getImages(0).getDisks(0);
    Path disk = lab.folder().resolve("crashed.raw");
    try (PageStore store = PageStore.inDirectory(lab.store(), "it");
        ImageReader image = store.readDisk(last.getSnapshotId(), record)) {
      DiskRebuild.write(image, record, disk);
    }

    lab.up(topology(disk));

    Guest guest = booted();
    guest.run("mkdir -p /mnt && mount /dev/vda /mnt; echo mou''nted-$?", "mounted-0");
    assertThat(rows(guest)).isGreaterThanOrEqualTo(acknowledged);
  }
}
