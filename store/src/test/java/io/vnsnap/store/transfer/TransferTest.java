package io.vnsnap.store.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.PauseRecord;
import io.vnsnap.proto.RecordedFrame;
import io.vnsnap.store.ChannelLogWriter;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.store.SnapshotExistsException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Snapshots through a file from one store into another. */
class TransferTest {
  private static final String ID = "lab-1";
  private static final int PAGES = 200;

  private static Path folder = Path.of("");
  private static byte[] exported = new byte[0];
  private final MemorySnapshots from = new MemorySnapshots("one key");
  private final MemorySnapshots to = new MemorySnapshots("another");
  private final Path file = folder.resolve("export");

  @BeforeContainer
  static void makeFolder() throws IOException {
    folder = Files.createTempDirectory("transfer");
  }

  @AfterContainer
  static void removeFolder() throws IOException {
    Files.deleteIfExists(folder.resolve("export"));
    Files.delete(folder);
  }

  private static ByteBuffer page(long seed, int bytes) {
    byte[] page = new byte[bytes];
    new Random(seed).nextBytes(page);
    Arrays.fill(page, bytes / 4, bytes, (byte) seed);
    return ByteBuffer.wrap(page);
  }

  /** Two VMs with memory that they share in part, one with a disk, and a channel log. */
  private Manifest take(String id) throws IOException {
    Manifest.Builder manifest =
        Manifest.newBuilder().setSnapshotId(id).setVne("lab").setLabel("x").setExact(true);
    for (String vm : new String[] {"a", "b"}) {
      ImageRecord.Builder record =
          ImageRecord.newBuilder().setVm(vm).setPause(PauseRecord.newBuilder().setStopUs(1));
      try (ImageWriter writer = from.writeImage(ImageTarget.of(id, "lab", vm))) {
        int ram = writer.block("pc.ram", (long) PAGES * ImageReader.PAGE_BYTES);
        for (int i = 0; i < PAGES; i += 2) {
          writer.page(ram, i, page(i % 60 + (i > PAGES / 2 ? vm.hashCode() : 0), 4096));
        }
        int rom = writer.block("rom", ImageReader.PAGE_BYTES);
        writer.page(rom, 0, page(1, 4096));
        writer.write(
            ByteBuffer.wrap(
                "devices of %s".formatted(vm).repeat(40_000).getBytes(StandardCharsets.US_ASCII)));
        ImageWriter.Committed committed = writer.commit();
        record
            .setBytes(committed.bytes())
            .setSha256(committed.sha256())
            .setObject(committed.object());
      }
      if (vm.equals("b")) {
        record.addDisks(disk(id, vm));
      }
      manifest.addImages(record);
    }
    try (ChannelLogWriter log = from.writeChannelLog(id, 3)) {
      for (int i = 1; i <= 1000; i++) {
        log.append(
            RecordedFrame.newBuilder()
                .setSequence(i)
                .setFrame(ByteString.copyFrom(page(i, 1500)))
                .build());
      }
      manifest.addLogs(log.commit());
    }
    from.seal(manifest.build());
    return manifest.build();
  }

  private DiskRecord disk(String id, String vm) throws IOException {
    try (ImageWriter writer =
        from.writeDisk(ImageTarget.of(id, "lab", vm), "root", Optional.empty())) {
      int block = writer.block("root", 10L * ImageReader.DISK_BLOCK_BYTES);
      for (int i = 0; i < 10; i += 3) {
        writer.page(block, i, page(i % 2, ImageReader.DISK_BLOCK_BYTES));
      }
      ImageWriter.Committed committed = writer.commit();
      return DiskRecord.newBuilder()
          .setName("root")
          .setBytes(committed.bytes())
          .setSha256(committed.sha256())
          .setObject(committed.object())
          .build();
    }
  }

  private SnapshotExport.Written export(Manifest manifest) throws IOException {
    try (FileChannel out =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      return SnapshotExport.write(from, manifest, out, 42, done -> {});
    }
  }

  private SnapshotImport.Imported load() throws IOException {
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
      return SnapshotImport.read(to, in, done -> {});
    }
  }

  /** For tests that need one again and again. */
  private void exportOnce() throws IOException {
    if (exported.length == 0) {
      export(take(ID));
      exported = Files.readAllBytes(file);
    }
    Files.write(file, exported);
  }

  private void change(long offset, int xor) throws IOException {
    try (FileChannel in =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      assertThat(in.read(one, offset)).isEqualTo(1);
      one.put(0, (byte) (one.get(0) ^ xor)).flip();
      assertThat(in.write(one, offset)).isEqualTo(1);
    }
  }

  private void cut(long length) throws IOException {
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.WRITE)) {
      in.truncate(length);
    }
  }

  @Example
  void shouldBringASnapshotIntoAStoreWithAnotherKey() throws IOException {
    Manifest manifest = take(ID);
    AtomicLong progress = new AtomicLong();
    SnapshotExport.Written written = export(manifest);
    assertThat(Files.size(file)).isEqualTo(written.bytes());
    SnapshotImport.Imported imported;
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
      imported = SnapshotImport.read(to, in, progress::set);
    }
    assertThat(imported.known()).isFalse();
    assertThat(progress).hasPositiveValue();
    assertThat(to.manifest(ID)).isEqualTo(imported.manifest());
    assertThat(SnapshotImport.bare(imported.manifest())).isEqualTo(SnapshotImport.bare(manifest));
    assertThat(imported.manifest().getImages(0).getSha256())
        .isNotEqualTo(manifest.getImages(0).getSha256());
    assertThat(imported.manifest().getImages(1).getDisks(0).getAddedBytes()).isEqualTo(7);
    assertThat(to.logs).isEqualTo(from.logs);
    assertThat(to.images).hasSameSizeAs(from.images);
    from.images.forEach(
        (name, image) -> assertThat(to.images.get(name)).hasToString(image.toString()));
  }

  @Example
  void shouldWriteAPageOnce() throws IOException {
    SnapshotExport.Written written = export(take(ID));
    // 30 pages that both share, 30 of each in the second half, the ROMs; 2 of the disk
    assertThat(written.pages()).isLessThan(100);
    assertThat(written.bytes()).isLessThan(written.readBytes() / 2);
  }

  @Example
  void shouldBeTheSameFileEachTime() throws IOException {
    Manifest manifest = take(ID);
    export(manifest);
    byte[] first = Files.readAllBytes(file);
    export(manifest);
    assertThat(Files.readAllBytes(file)).isEqualTo(first);
  }

  @Example
  void shouldImportTheSameAgainWithoutWriting() throws IOException {
    export(take(ID));
    load();
    int images = to.images.size();
    assertThat(load().known()).isTrue();
    assertThat(to.images).hasSize(images);
    to.delete(ID);
    assertThat(load().known()).isFalse();
  }

  @Example
  void shouldRefuseAnIdThatAnotherSnapshotHas() throws IOException {
    export(take(ID));
    Manifest other = Manifest.newBuilder().setSnapshotId(ID).setVne("other").build();
    to.seal(other);
    assertThatThrownBy(this::load)
        .isInstanceOf(SnapshotExistsException.class)
        .hasMessageContaining("another snapshot lab-1");
    assertThat(to.manifest(ID)).isEqualTo(other);
    assertThat(to.images).isEmpty();
  }

  @Example
  void shouldRefuseToExportADiskThatIsElsewhere() throws IOException {
    Manifest.Builder manifest = take(ID).toBuilder();
    manifest.getImagesBuilder(1).getDisksBuilder(0).setObject("").setFile("/vm/root.qcow2");
    assertThatThrownBy(() -> export(manifest.build()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("disk root of VM b is not in the store but in /vm/root.qcow2");
  }

  @Example
  void shouldRefuseAFileWhosePartsDoNotFitItsManifest() throws IOException {
    Manifest.Builder manifest = take(ID).toBuilder();
    manifest.addImages(ImageRecord.newBuilder().setVm("c"));
    from.images.put(ID + "/c", new MemorySnapshots.Image());
    manifest.getImagesBuilder(0).setBytes(5);
    export(manifest.build());
    assertThatThrownBy(this::load)
        .isInstanceOf(DamagedExportException.class)
        .hasMessageContaining("the image of VM a has");
    assertThat(to.isEmpty()).isTrue();
    Manifest.Builder bad = take(ID).toBuilder();
    bad.setSnapshotId("../etc");
    from.images.keySet().stream()
        .toList()
        .forEach(name -> from.images.put(name.replace(ID, "../etc"), from.images.get(name)));
    from.logs.put("../etc/3", from.logs.get(ID + "/3"));
    export(bad.build());
    assertThatThrownBy(this::load)
        .isInstanceOf(DamagedExportException.class)
        .hasMessageContaining("an id that none can have");
  }

  @Example
  void shouldSayWhatAFileIsThatIsNoExport() throws IOException {
    Files.writeString(file, "something else altogether, long enough");
    assertThatThrownBy(this::load).hasMessage("it is no export file of VNsnap (at byte 0)");
    Files.writeString(file, "");
    assertThatThrownBy(this::load).hasMessage("it ends here, in the middle (at byte 0)");
    byte[] later = ExportFormat.header(1).array();
    later[9] = 2;
    ByteBuffer.wrap(later)
        .putInt(20, ExportFormat.crc(ByteBuffer.wrap(later, 0, ExportFormat.HEADER_BYTES - 4)));
    Files.write(file, later);
    assertThatThrownBy(this::load).hasMessageContaining("it has version 2");
  }

  @Property(tries = 150, edgeCases = net.jqwik.api.EdgeCasesMode.NONE)
  void shouldRefuseAFileInWhichAnyByteIsAnother(
      @ForAll Random random, @ForAll @IntRange(min = 1, max = 255) int xor) throws IOException {
    exportOnce();
    change(random.nextLong(Files.size(file)), xor);
    assertThatThrownBy(this::load)
        .isInstanceOf(DamagedExportException.class)
        .message()
        .containsPattern("at byte [0-9]+");
    assertThat(to.isEmpty()).isTrue();
  }

  @Property(tries = 60, edgeCases = net.jqwik.api.EdgeCasesMode.NONE)
  void shouldRefuseAFileThatIsCutShortOrTooLong(@ForAll Random random) throws IOException {
    exportOnce();
    if (random.nextInt(10) == 0) {
      Files.write(file, new byte[] {0}, StandardOpenOption.APPEND);
    } else {
      cut(random.nextLong(Files.size(file)));
    }
    assertThatThrownBy(this::load).isInstanceOf(DamagedExportException.class);
    assertThat(to.isEmpty()).isTrue();
  }
}
