package io.vnsnap.store.pages;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RecordedFrame;
import io.vnsnap.store.ChannelLogWriter;
import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.store.NoSuchSnapshotException;
import io.vnsnap.store.SnapshotExistsException;
import io.vnsnap.store.SnapshotStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every store must do. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
abstract class SnapshotStoreContract {
  private final SmallSnapshot snapshot = new SmallSnapshot("s1", 8);
  private SnapshotStore store;

  /** Opens the same empty place each time it is called within one test. */
  abstract SnapshotStore open() throws IOException;

  @BeforeEach
  void openStore() throws IOException {
    store = open();
  }

  @Test
  void shouldGiveBackWhatWasStored() throws IOException {
    Manifest sealed = snapshot.storeIn(store);
    snapshot.mustBeIn(store);
    assertThat(store.manifest("s1")).isEqualTo(sealed);
    snapshot.mustBeIn(open());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4095, 4096, 4097, 8192, 40_000, 1_000_000})
  void shouldKeepImagesOfAnyLength(int length) throws IOException {
    byte[] content = new byte[length];
    new Random(length).nextBytes(content);
    ImageRecord image;
    try (ImageWriter writer = store.writeImage(ImageTarget.of("s1", "vne", "vm"))) {
      for (int at = 0; at < length; at += 777) {
        ByteBuffer piece = ByteBuffer.wrap(content, at, Math.min(777, length - at));
        writer.write(piece);
        assertThat(piece.hasRemaining()).isFalse();
      }
      assertThat(writer.bytes()).isEqualTo(length);
      image = SmallSnapshot.record("vm", writer.commit());
    }
    assertThat(image.getBytes()).isEqualTo(length);
    assertThat(SmallSnapshot.rest(store, "s1", image)).isEqualTo(content);
  }

  @Test
  void shouldRefuseASecondWriterOfAnImage() throws IOException {
    try (ImageWriter first = store.writeImage(ImageTarget.of("s1", "vne", "vm"))) {
      first.write(ByteBuffer.allocate(10));
      SnapshotStore other = open();
      assertThatThrownBy(() -> other.writeImage(ImageTarget.of("s1", "vne", "vm")))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("vm of snapshot s1 is being written already, by process")
          .hasMessageContaining("Wait for it");
      other.writeImage(ImageTarget.of("s2", "vne", "vm")).close();
    }
    store.writeImage(ImageTarget.of("s1", "vne", "vm")).close();
  }

  @Test
  void shouldKeepAChannelLogLargerThanAChunk() throws IOException {
    List<RecordedFrame> frames = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      frames.add(
          RecordedFrame.newBuilder()
              .setSequence(i)
              .setFrame(ByteString.copyFrom(new byte[60 + 7 * i]))
              .build());
    }
    ChannelLogRecord log;
    try (ChannelLogWriter writer = store.writeChannelLog("s1", 0)) {
      for (RecordedFrame frame : frames) {
        writer.append(frame);
      }
      log = writer.commit();
    }
    assertThat(log.getFrames()).isEqualTo(200);
    assertThat(store.readChannelLog("s1", log)).isEqualTo(frames);
  }

  @Test
  void shouldRefuseAFrameTooLongForALog() throws IOException {
    try (ChannelLogWriter writer = store.writeChannelLog("s1", 0)) {
      RecordedFrame frame =
          RecordedFrame.newBuilder().setFrame(ByteString.copyFrom(new byte[200_000])).build();
      assertThatThrownBy(() -> writer.append(frame)).isInstanceOf(IOException.class);
    }
    assertThat(store.list().snapshots()).isEmpty();
  }

  @Test
  void shouldListOldestFirst() throws IOException {
    for (long created : new long[] {30, 10, 20}) {
      store.seal(
          Manifest.newBuilder().setSnapshotId("at-" + created).setCreatedEpochMs(created).build());
    }
    assertThat(store.list().snapshots())
        .extracting(Manifest::getSnapshotId)
        .containsExactly("at-10", "at-20", "at-30");
    assertThat(store.list().damaged()).isEmpty();
  }

  @Test
  void shouldNotHaveWhatWasNotSealed() throws IOException {
    var unused = snapshot.storeImage(store, "vm-a", new byte[5000]);
    assertThat(store.list().snapshots()).isEmpty();
    assertThatThrownBy(() -> store.manifest("s1")).isInstanceOf(NoSuchSnapshotException.class);
  }

  @Test
  void shouldNotStoreWhatWasClosedWithoutCommit() throws IOException {
    try (ImageWriter writer = store.writeImage(ImageTarget.of("s1", "vne", "vm"))) {
      writer.write(ByteBuffer.allocate(100_000));
    }
    ImageRecord image = ImageRecord.newBuilder().setVm("vm").setBytes(100_000).build();
    assertThatThrownBy(() -> store.readImage("s1", image))
        .isInstanceOf(DamagedSnapshotException.class)
        .hasMessageContaining("missing");
  }

  @Test
  void shouldReplaceAnImageThatIsNotSealed() throws IOException {
    snapshot.storeImage(store, "vm-a", new byte[5000]);
    snapshot.storeIn(store);
    snapshot.mustBeIn(store);
  }

  @Test
  void shouldSealTheSameManifestTwiceButNoOther() throws IOException {
    Manifest sealed = snapshot.storeIn(store);
    store.seal(sealed);
    assertThat(store.list().snapshots()).containsExactly(sealed);
    assertThatThrownBy(() -> store.seal(sealed.toBuilder().setLabel("another").build()))
        .isInstanceOf(SnapshotExistsException.class);
    assertThat(store.manifest("s1")).isEqualTo(sealed);
  }

  @Test
  void shouldWriteNothingIntoASealedSnapshot() throws IOException {
    ImageWriter early = store.writeImage(ImageTarget.of("s1", "vne", "vm-c"));
    try (early) {
      early.write(ByteBuffer.allocate(10));
      snapshot.storeIn(store);
      assertThatThrownBy(early::commit).isInstanceOf(SnapshotExistsException.class);
    }
    assertThatThrownBy(() -> store.writeImage(ImageTarget.of("s1", "vne", "vm-d")))
        .isInstanceOf(SnapshotExistsException.class);
    assertThatThrownBy(() -> store.writeChannelLog("s1", 7))
        .isInstanceOf(SnapshotExistsException.class);
    snapshot.mustBeIn(store);
  }

  @Test
  void shouldDeleteASealedSnapshot() throws IOException {
    snapshot.storeIn(store);
    store.delete("s1");
    assertThat(store.list().snapshots()).isEmpty();
    assertThatThrownBy(() -> store.delete("s1")).isInstanceOf(NoSuchSnapshotException.class);
    snapshot.storeIn(store);
    snapshot.mustBeIn(store);
  }

  @Test
  void shouldDiscardPartsButNoSealedSnapshot() throws IOException {
    store.discard("never-begun");
    var unused = snapshot.storeFirst(store);
    ChannelLogRecord log = snapshot.storeLog(store);
    store.discard("s1");
    assertThatThrownBy(
            () -> store.seal(Manifest.newBuilder().setSnapshotId("s2").addLogs(log).build()))
        .isInstanceOf(DamagedSnapshotException.class);
    snapshot.storeIn(store);
    store.discard("s1");
    snapshot.mustBeIn(store);
  }

  @Test
  void shouldSayThatASnapshotWasDiscardedWhileItWasWritten() throws IOException {
    try (ImageWriter writer = store.writeImage(ImageTarget.of("s1", "vne", "vm"))) {
      writer.write(ByteBuffer.allocate(10));
      open().discard("s1");
      assertThatThrownBy(writer::commit).hasMessageContaining("discarded meanwhile");
    }
    assertThat(store.list().damaged()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", ".", "..", "../s", "a/b", "/etc", "A", "-a", ".a", "a\0", "a\n", "ä", "a_b"})
  void shouldMakeNoPathOfANameThatIsNone(String name) throws IOException {
    assertThatThrownBy(() -> store.writeImage(ImageTarget.of(name, "vne", "vm")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store.writeImage(ImageTarget.of("s1", "vne", name)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store.writeChannelLog(name, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store.discard(name)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store.seal(Manifest.newBuilder().setSnapshotId(name).build()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store.manifest(name)).isInstanceOf(NoSuchSnapshotException.class);
    assertThatThrownBy(() -> store.delete(name)).isInstanceOf(NoSuchSnapshotException.class);
    assertThat(store.list().damaged()).isEmpty();
  }

  @Test
  void shouldRefuseAManifestThatNamesAVmTwiceOrWrongly() {
    Manifest.Builder manifest = Manifest.newBuilder().setSnapshotId("s1");
    assertThatThrownBy(
            () -> store.seal(manifest.clone().addImages(image("a")).addImages(image("a")).build()))
        .hasMessageContaining("VM a twice");
    assertThatThrownBy(() -> store.seal(manifest.clone().addImages(image("../a")).build()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static ImageRecord image(String vm) {
    return ImageRecord.newBuilder().setVm(vm).build();
  }

  @Test
  void shouldTakePartsOfOneSnapshotFromSeveralHostsAtOnce() throws Exception {
    int hosts = 4;
    try (ExecutorService threads = Executors.newFixedThreadPool(hosts)) {
      for (int round = 0; round < 10; round++) {
        SmallSnapshot shared = new SmallSnapshot("round-" + round, round);
        List<Future<ImageRecord>> images = new ArrayList<>();
        for (int host = 0; host < hosts; host++) {
          String vm = "vm-" + host;
          images.add(
              threads.submit(() -> shared.storeImage(open(), vm, vm.repeat(9000).getBytes(UTF_8))));
        }
        Manifest.Builder manifest = Manifest.newBuilder().setSnapshotId(shared.id());
        for (Future<ImageRecord> image : images) {
          manifest.addImages(image.get());
        }
        store.seal(manifest.build());
        for (ImageRecord image : manifest.getImagesList()) {
          assertThat(SmallSnapshot.rest(store, shared.id(), image))
              .isEqualTo(image.getVm().repeat(9000).getBytes(UTF_8));
        }
      }
    }
  }
}
