package io.vnsnap.shell.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RecordedFrame;
import io.vnsnap.store.ChannelLogWriter;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code diff}, {@code gc}, {@code scrub}, {@code export}, {@code import} on a real store. */
@Timeout(120)
class LifeCommandsTest {
  private static final int PAGES = 256;

  private final Path folder;
  private final StoredSnapshots stored;

  LifeCommandsTest(@TempDir Path temporary) throws IOException {
    this.folder = temporary;
    this.stored = new StoredSnapshots(temporary.resolve("store"));
    take("lab-1", 1);
    take("lab-2", 3);
  }

  @AfterEach
  void closeStore() throws IOException {
    stored.close();
  }

  /** A snapshot of two VMs, of which one has changed by as many pages as the number is greater. */
  private void take(String id, int number) throws IOException {
    Manifest.Builder manifest =
        Manifest.newBuilder()
            .setSnapshotId(id)
            .setVne("lab")
            .setCreatedEpochMs(1_767_323_045_000L + number)
            .setExact(true)
            .addImages(image(id, "a", number))
            .addImages(image(id, "b", 0));
    try (ChannelLogWriter log = stored.store().writeChannelLog(id, 1)) {
      log.append(RecordedFrame.newBuilder().setFrame(ByteString.copyFromUtf8(id)).build());
      manifest.addLogs(log.commit());
    }
    stored.store().seal(manifest.build());
  }

  private ImageRecord image(String id, String vm, int first) throws IOException {
    try (ImageWriter writer = stored.store().writeImage(ImageTarget.of(id, "lab", vm))) {
      int ram = writer.block("pc.ram", (long) PAGES * ImageReader.PAGE_BYTES);
      for (int i = 0; i < PAGES; i++) {
        byte[] page = new byte[ImageReader.PAGE_BYTES];
        new Random(vm.hashCode() * 1000L + Math.max(first, i)).nextBytes(page);
        writer.page(ram, i, ByteBuffer.wrap(page));
      }
      ImageWriter.Committed committed = writer.commit();
      return ImageRecord.newBuilder()
          .setVm(vm)
          .setBytes(committed.bytes())
          .setSha256(committed.sha256())
          .setObject(committed.object())
          .setAddedBytes(committed.addedBytes())
          .build();
    }
  }

  private JsonNode json() throws IOException {
    return new ObjectMapper().readTree(stored.out());
  }

  @Test
  void shouldShowWhatDiffers() throws IOException {
    assertThat(stored.run("diff", "lab-1", "lab-2")).isZero();
    assertThat(stored.out())
        .isEqualTo(
            """
            From lab-1, taken 2026-01-02 03:04:05
            To   lab-2, taken 2026-01-02 03:04:05
            VM  WHAT    PAGES  CHANGED  SHARE   BYTES  TO ZERO
            a   pc.ram    256        3  1.2 %  12 KiB        0
            b   pc.ram    256        0  0.0 %     0 B        0
            12 KiB differ in 2 VMs
            """);
    assertThat(stored.run("diff", "lab-1", "lab-2", "--json")).isZero();
    assertThat(json().at("/vms/0/memory/0/changed").asInt()).isEqualTo(3);
    assertThat(stored.run("diff", "lab-1", "lab-9")).isEqualTo(CommandLineInterface.FAILED);
  }

  @Test
  void shouldCollectWhatIsDeletedAndNothingElse() throws IOException {
    assertThat(stored.run("gc", "--dry-run")).isZero();
    assertThat(stored.out()).startsWith("Nothing to collect: all of ");
    take("old-1", 200);
    assertThat(stored.run("delete", "old-1", "--yes")).isZero();
    assertThat(stored.out())
        .endsWith("The space that only they needed comes back with: vnsnap gc\n");
    assertThat(stored.run("gc", "--dry-run")).isZero();
    assertThat(stored.out()).contains("WHAT", "page maps", "would come back");
    assertThat(stored.run("gc", "--dry-run", "--json")).isZero();
    assertThat(json().get("freedBytes").asLong()).isPositive();
    assertThat(stored.run("gc", "--json")).isZero();
    assertThat(json().get("objectsRemoved").asInt()).isPositive();
    assertThat(stored.run("gc")).isZero();
    assertThat(stored.out()).isEqualTo("Nothing to collect\n");
    assertThat(stored.run("scrub")).isZero();
    assertThat(stored.out()).contains("2 snapshots, ", "everything is as it was written");
    assertThat(stored.run("gc", "--wait", "-1")).isEqualTo(CommandLineInterface.USAGE);
  }

  @Test
  void shouldNameWhatIsDamagedAndStillDeleteIt() throws IOException {
    Path manifest = folder.resolve("store/snapshots/lab-2/manifest");
    byte[] bytes = Files.readAllBytes(manifest);
    bytes[bytes.length / 2] ^= 1;
    Files.write(manifest, bytes);
    assertThat(stored.run("scrub")).isEqualTo(CommandLineInterface.FAILED);
    assertThat(stored.out()).contains("snapshots/lab-2/manifest", "1 things are wrong");
    assertThat(stored.run("gc")).isEqualTo(CommandLineInterface.FAILED);
    assertThat(stored.err())
        .startsWith("vnsnap: nothing is removed, because it is not known what a snapshot needs")
        .contains("snapshots/lab-2/manifest");
    assertThat(stored.run("delete", "lab-2", "--yes")).isZero();
    assertThat(stored.run("gc")).isZero();
    assertThat(stored.run("scrub")).isZero();
  }

  @Test
  void shouldNameTheVmsThatADamagedPackTouches() throws IOException {
    Path pack;
    try (Stream<Path> packs = Files.list(folder.resolve("store/packs"))) {
      pack = packs.findFirst().orElseThrow();
    }
    byte[] bytes = Files.readAllBytes(pack);
    bytes[40] ^= 1;
    Files.write(pack, bytes);
    assertThat(stored.run("scrub")).isEqualTo(CommandLineInterface.FAILED);
    assertThat(stored.out()).containsPattern("touches VM [ab] of snapshot lab-[12]: [0-9]+ pages");
    assertThat(stored.run("scrub", "--json")).isEqualTo(CommandLineInterface.FAILED);
    assertThat(json().get("passed").asBoolean()).isFalse();
    assertThat(json().at("/findings/0/touched/0/pages").asInt()).isPositive();
  }

  @Test
  void shouldBringASnapshotIntoAnotherStore() throws IOException {
    String file = folder.resolve("lab.vnsnap").toString();
    assertThat(stored.run("export", "lab-2", file)).isZero();
    assertThat(stored.out()).startsWith("Snapshot lab-2 is in " + file);
    assertThat(stored.run("export", "lab-2", file)).isEqualTo(CommandLineInterface.FAILED);
    assertThat(stored.err()).contains("is there already");
    assertThat(stored.run("import", file)).isZero();
    assertThat(stored.out())
        .isEqualTo("Snapshot lab-2 was in the store already; the file is intact\n");
    try (StoredSnapshots other = new StoredSnapshots(folder.resolve("other"))) {
      assertThat(other.run("import", file)).isZero();
      assertThat(other.out()).startsWith("Snapshot lab-2 of VNE lab is imported: 2 MiB, ");
      assertThat(other.store().manifest("lab-2")).isEqualTo(withAdded(other));
      assertThat(other.run("scrub")).isZero();
      assertThat(other.run("import", file, "--json")).isZero();
    }
  }

  /** The manifest of here, with what the other store grew by. */
  private Manifest withAdded(StoredSnapshots other) throws IOException {
    Manifest.Builder manifest = stored.store().manifest("lab-2").toBuilder();
    Manifest there = other.store().manifest("lab-2");
    for (int i = 0; i < manifest.getImagesCount(); i++) {
      manifest
          .getImagesBuilder(i)
          .setAddedBytes(there.getImages(i).getAddedBytes())
          .setObject(there.getImages(i).getObject());
    }
    return manifest.build();
  }

  @Test
  void shouldRefuseADamagedFile() throws IOException {
    Path file = folder.resolve("lab.vnsnap");
    assertThat(stored.run("export", "lab-2", file.toString())).isZero();
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
    try (StoredSnapshots other = new StoredSnapshots(folder.resolve("other"))) {
      assertThat(other.run("import", file.toString())).isEqualTo(CommandLineInterface.FAILED);
      assertThat(other.err())
          .contains("the checksum of a record is wrong (at byte ", "Nothing was imported");
      assertThat(other.store().list().snapshots()).isEmpty();
      assertThat(other.run("import", folder.resolve("none").toString()))
          .isEqualTo(CommandLineInterface.FAILED);
      assertThat(other.err()).contains("there is no file ");
    }
  }
}
