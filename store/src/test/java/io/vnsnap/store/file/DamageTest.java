package io.vnsnap.store.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.place.MemoryDisk;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Flips and cuts stored files at every offset: nothing wrong is ever served. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class DamageTest {
  private final MemoryDisk disk = new MemoryDisk();
  private final SmallSnapshot snapshot = new SmallSnapshot("s1", 5);
  private final Path folder = MemoryDisk.rootPath().resolve("snapshots/s1");
  private FileStore store;
  private Manifest manifest;

  @BeforeEach
  void storeASnapshot() throws IOException {
    store =
        FileStore.open(
            disk, MemoryDisk.rootPath(), SmallSnapshot.SETTINGS, new Random(4)::nextLong);
    manifest = snapshot.storeIn(store);
  }

  private interface Damage {
    byte[] to(byte[] intact, int offset);
  }

  private static byte[] flipped(byte[] intact, int offset) {
    byte[] damaged = intact.clone();
    damaged[offset] ^= (byte) (1 << (offset % 8));
    return damaged;
  }

  private static byte[] cut(byte[] intact, int offset) {
    return Arrays.copyOf(intact, offset);
  }

  private static byte[] extended(byte[] intact, int offset) {
    return Arrays.copyOf(intact, intact.length + offset + 1);
  }

  private static byte[] byteMissing(byte[] intact, int offset) {
    byte[] damaged = Arrays.copyOf(intact, intact.length - 1);
    System.arraycopy(intact, offset + 1, damaged, offset, intact.length - offset - 1);
    return damaged;
  }

  private static byte[] allOnesFrom(byte[] intact, int offset) {
    byte[] damaged = intact.clone();
    Arrays.fill(damaged, offset, Math.min(intact.length, offset + 8), (byte) 0xff);
    return Arrays.equals(damaged, intact) ? flipped(intact, offset) : damaged;
  }

  private void mustBeFoundAtEveryOffset(Path file, ThrowingCallable read) throws IOException {
    byte[] intact = disk.content(file);
    for (Damage damage :
        new Damage[] {
          DamageTest::flipped,
          DamageTest::cut,
          DamageTest::extended,
          DamageTest::byteMissing,
          DamageTest::allOnesFrom
        }) {
      for (int offset = 0; offset < intact.length; offset++) {
        disk.setContent(file, damage.to(intact, offset));
        assertThatThrownBy(read)
            .as("offset %d", offset)
            .isInstanceOf(DamagedSnapshotException.class)
            .hasMessageContaining(file.toString());
      }
    }
    disk.setContent(file, intact);
    snapshot.mustBeIn(store);
  }

  @Test
  void shouldServeNoWrongByteOfAnImageDamagedAnywhere() throws IOException {
    Path file = folder.resolve("images/vm-a.img");
    ImageRecord record = manifest.getImages(0);
    mustBeFoundAtEveryOffset(
        file,
        () -> {
          ByteArrayOutputStream served = new ByteArrayOutputStream();
          try (ImageReader reader = store.readImage("s1", record)) {
            byte[] unused = SmallSnapshot.readAll(reader, served);
          } finally {
            assertThat(Arrays.copyOf(snapshot.first(), served.size()))
                .isEqualTo(served.toByteArray());
          }
        });
  }

  @Test
  void shouldNameAChannelLogDamagedAnywhere() throws IOException {
    mustBeFoundAtEveryOffset(
        folder.resolve("channels/2.log"), () -> store.readChannelLog("s1", manifest.getLogs(0)));
  }

  @Test
  void shouldNameAManifestDamagedAnywhere() throws IOException {
    mustBeFoundAtEveryOffset(folder.resolve("manifest"), () -> store.manifest("s1"));
  }

  @Test
  void shouldListWhatIsIntactAndALineForWhatIsNot() throws IOException {
    new SmallSnapshot("s2", 6).storeIn(store);
    Path file = folder.resolve("manifest");
    disk.setContent(file, flipped(disk.content(file), 70));
    disk.makeFolder(MemoryDisk.rootPath().resolve("snapshots/lost+found"));
    SnapshotStore.Listing listing = store.list();
    assertThat(listing.snapshots()).extracting(Manifest::getSnapshotId).containsExactly("s2");
    assertThat(listing.damaged())
        .satisfiesExactly(
            line -> assertThat(line).contains("lost+found"),
            line -> assertThat(line).contains(file.toString()).contains("checksum"));
  }

  @Test
  void shouldRefuseToSealWhatIsMissingOrNotWhatWasWritten() throws IOException {
    SmallSnapshot other = new SmallSnapshot("s2", 7);
    ImageRecord a = other.storeFirst(store);
    ImageRecord b = other.storeSecond(store);
    var log = other.storeLog(store);
    Path image = MemoryDisk.rootPath().resolve("snapshots/s2/images/vm-b.img");
    byte[] intact = disk.content(image);

    disk.setContent(image, cut(intact, intact.length - 1));
    assertThatThrownBy(() -> store.seal(other.manifest(a, b, log)))
        .isInstanceOf(DamagedSnapshotException.class)
        .hasMessageContaining("vm-b.img");
    disk.setContent(image, intact);
    assertThatThrownBy(() ->
            store.seal(other.manifest(a, b.toBuilder().setSha256(a.getSha256()).build(), log)))
        .isInstanceOf(DamagedSnapshotException.class)
        .hasMessageContaining("SHA-256");
    disk.remove(image);
    assertThatThrownBy(() -> store.seal(other.manifest(a, b, log)))
        .isInstanceOf(DamagedSnapshotException.class)
        .hasMessageContaining("missing");
    assertThat(store.list().snapshots()).hasSize(1);
  }

  @Test
  void shouldFindFilesThatWereSwapped() throws IOException {
    Path a = folder.resolve("images/vm-a.img");
    Path b = folder.resolve("images/vm-b.img");
    byte[] first = disk.content(a);
    disk.setContent(a, disk.content(b));
    disk.setContent(b, first);
    assertThatThrownBy(() -> store.readImage("s1", manifest.getImages(0)))
        .isInstanceOf(DamagedSnapshotException.class)
        .hasMessageContaining("it is 's1/images/vm-b.img', put in the wrong place");
  }

  @Test
  void shouldFindAStaleBlockOfAnEarlierFileInItsPlace() throws IOException {
    Path file = folder.resolve("images/vm-a.img");
    byte[] earlier = disk.content(file);
    store.delete("s1");
    manifest = snapshot.storeIn(store);
    byte[] stale = disk.content(file);
    int chunk = StreamLayout.CHUNK_HEADER_BYTES + StreamHeader.MIN_CHUNK_BYTES;
    int header = StreamHeader.FIXED_BYTES + "s1/images/vm-a.img".length() + 4;
    System.arraycopy(earlier, header + chunk, stale, header + chunk, chunk);
    disk.setContent(file, stale);
    assertThatThrownBy(() -> SmallSnapshot.read(store, "s1", manifest.getImages(0)))
        .isInstanceOf(DamagedSnapshotException.class)
        .hasMessageContaining("checksum of its bytes");
  }

  @Test
  void shouldNotServeAnythingAfterDamageWasFound() throws IOException {
    Path file = folder.resolve("images/vm-a.img");
    byte[] intact = disk.content(file);
    disk.setContent(file, flipped(intact, intact.length / 2));
    try (ImageReader reader = store.readImage("s1", manifest.getImages(0))) {
      ByteArrayOutputStream served = new ByteArrayOutputStream();
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> SmallSnapshot.readAll(reader, served))
            .isInstanceOf(DamagedSnapshotException.class);
      }
      assertThat(served.size()).isEqualTo(StreamHeader.MIN_CHUNK_BYTES);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"00", "00000000", "7fffffff", "ffffffff", "0000000508", "000000020a7f"})
  void shouldRefuseALogWhoseContentIsNoFrames(String hex) throws IOException {
    byte[] content = HexFormat.of().parseHex(hex);
    Area area =
        new Area(
            disk,
            new Layout(MemoryDisk.rootPath()),
            new Random(9)::nextLong,
            SmallSnapshot.SETTINGS,
            new ChunkPool(StreamHeader.MIN_CHUNK_BYTES));
    area.ensureFolder(area.layout().snapshot("s2"));
    area.ensureFolder(area.layout().channels("s2"));
    StreamLayout.Trailer stored;
    try (ContentWriter writer = ContentWriter.create(area, area.layout().channelLog("s2", 1))) {
      writer.write(content);
      stored = writer.commit();
    }
    ChannelLogRecord log =
        ChannelLogRecord.newBuilder()
            .setTo(1)
            .setFrames(1)
            .setBytes(stored.bytes())
            .setSha256(stored.sha256())
            .build();
    assertThatThrownBy(() -> store.readChannelLog("s2", log))
        .isInstanceOf(DamagedSnapshotException.class)
        .hasMessageContaining("frame 1");
  }

  @Test
  void shouldRefuseTrailersThatClaimMoreThanThereIs() throws IOException {
    Path file = folder.resolve("images/vm-b.img");
    byte[] intact = disk.content(file);
    long salt = ByteBuffer.wrap(intact).getLong(16);
    for (long claimed : new long[] {-1, 0, 99, 101, 1L << 31, Long.MAX_VALUE, Long.MIN_VALUE}) {
      var trailer = new StreamLayout.Trailer(claimed, manifest.getImages(1).getSha256());
      byte[] forged = intact.clone();
      trailer
          .encode(salt)
          .get(forged, intact.length - StreamLayout.TRAILER_BYTES, StreamLayout.TRAILER_BYTES);
      disk.setContent(file, forged);
      assertThatThrownBy(() -> store.readImage("s1", manifest.getImages(1)))
          .isInstanceOf(DamagedSnapshotException.class);
    }
  }

  @Test
  void shouldNameALaterVersion() throws IOException {
    Path file = folder.resolve("manifest");
    byte[] content = disk.content(file);
    content[9] = 2;
    disk.setContent(file, content);
    assertThatThrownBy(() -> store.manifest("s1"))
        .hasMessageContaining("it has version 2, this program reads version 1");
  }
}
