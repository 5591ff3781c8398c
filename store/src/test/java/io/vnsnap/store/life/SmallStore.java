package io.vnsnap.store.life;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RecordedFrame;
import io.vnsnap.store.ChannelLogWriter;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.store.pages.PageStore;
import io.vnsnap.store.pages.StoreSettings;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** A store in memory with small packs, and what its snapshots must hold. */
final class SmallStore implements Closeable {
  static final int PAGES = 48;
  private static final int PAGE = ImageReader.PAGE_BYTES;

  final ScriptedPlace place;
  final Map<String, Map<String, long[]>> snapshots = new HashMap<>();
  private PageStore store;
  private long created;

  SmallStore() throws IOException {
    this(new ScriptedPlace());
  }

  private SmallStore(ScriptedPlace place) throws IOException {
    this.place = place;
    store = openStore();
  }

  /** Another one that holds the same. */
  SmallStore copy() throws IOException {
    SmallStore copy = new SmallStore(place.copy());
    copy.snapshots.putAll(snapshots);
    copy.created = created;
    return copy;
  }

  private PageStore openStore() throws IOException {
    StoreSettings sizes = StoreSettings.defaults("test");
    return PageStore.open(
        place,
        new StoreSettings(
            "test",
            4 << 20,
            1 << 20,
            1 << 20,
            4 << 20,
            1 << 20,
            64 << 10,
            sizes.chunkBytes(),
            1,
            1));
  }

  PageStore store() {
    return store;
  }

  /** As after a restart: nothing is remembered of what was written. */
  void reopen() throws IOException {
    store.close();
    store = openStore();
  }

  /** A page whose content follows from a number; 0: zeros. Hardly to be compressed. */
  static byte[] content(long seed) {
    byte[] page = new byte[PAGE];
    if (seed != 0) {
      new Random(seed).nextBytes(page);
    }
    return page;
  }

  /** Writes one image; what is not closed is left as a crash leaves it. */
  ImageRecord image(String id, String vm, long[] seeds) throws IOException {
    try (ImageWriter writer = store.writeImage(ImageTarget.of(id, "lab", vm))) {
      return image(writer, vm, seeds);
    }
  }

  static ImageRecord image(ImageWriter writer, String vm, long[] seeds) throws IOException {
    int block = writer.block("ram", (long) seeds.length * PAGE);
    for (int i = 0; i < seeds.length; i++) {
      writer.page(block, i, ByteBuffer.wrap(content(seeds[i])));
    }
    writer.write(ByteBuffer.wrap(content(vm.hashCode()), 0, 1000));
    ImageWriter.Committed committed = writer.commit();
    return ImageRecord.newBuilder()
        .setVm(vm)
        .setBytes(committed.bytes())
        .setSha256(committed.sha256())
        .setObject(committed.object())
        .setAddedBytes(committed.addedBytes())
        .build();
  }

  /** Writes the image of a disk; blocks that are not given are those of the base. */
  DiskRecord disk(String id, String vm, Optional<DiskRecord> base, long[] seeds)
      throws IOException {
    try (ImageWriter writer = store.writeDisk(ImageTarget.of(id, "lab", vm), "root", base)) {
      int block = writer.block("root", 40L * ImageReader.DISK_BLOCK_BYTES);
      for (int i = 0; i < seeds.length; i++) {
        writer.page(block, i, ByteBuffer.wrap(block(seeds[i])));
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

  private static byte[] block(long seed) {
    byte[] block = new byte[ImageReader.DISK_BLOCK_BYTES];
    for (int at = 0; at < block.length; at += PAGE) {
      System.arraycopy(content(seed), 0, block, at, PAGE);
    }
    return block;
  }

  /** Reads a disk and compares its first blocks. */
  void mustBe(DiskRecord disk, long[] seeds) throws IOException {
    try (ImageReader reader = store.readDisk("any", disk)) {
      ByteBuffer block = ByteBuffer.allocate(ImageReader.DISK_BLOCK_BYTES);
      for (int i = 0; i < seeds.length; i++) {
        reader.read(0, i, block.clear());
        assertThat(block.array()).describedAs("block %d", i).isEqualTo(block(seeds[i]));
      }
    }
  }

  /** Takes a snapshot. */
  void take(String id, Map<String, long[]> vms, DiskRecord... disks) throws IOException {
    Manifest.Builder manifest = Manifest.newBuilder().setSnapshotId(id).setVne("lab");
    for (Map.Entry<String, long[]> vm : vms.entrySet()) {
      manifest.addImages(image(id, vm.getKey(), vm.getValue()));
    }
    for (DiskRecord disk : disks) {
      manifest.getImagesBuilder(0).addDisks(disk);
    }
    try (ChannelLogWriter log = store.writeChannelLog(id, 0)) {
      log.append(
          RecordedFrame.newBuilder().setSequence(1).setFrame(ByteString.copyFromUtf8(id)).build());
      manifest.addLogs(log.commit());
    }
    seal(manifest, vms);
  }

  void seal(Manifest.Builder manifest, Map<String, long[]> vms) throws IOException {
    store.seal(manifest.setVne("lab").setCreatedEpochMs(++created).setExact(true).build());
    snapshots.put(manifest.getSnapshotId(), vms);
  }

  void delete(String id) throws IOException {
    store.delete(id);
    snapshots.remove(id);
  }

  /** Reads all snapshots and compares every page. */
  void mustBeIntact() throws IOException {
    SnapshotsFound found = new SnapshotsFound(store.list().snapshots());
    assertThat(store.list().damaged()).isEmpty();
    assertThat(found.ids()).containsExactlyInAnyOrderElementsOf(snapshots.keySet());
    for (Manifest manifest : found.manifests()) {
      Map<String, long[]> vms = snapshots.getOrDefault(manifest.getSnapshotId(), Map.of());
      assertThat(manifest.getImagesList()).hasSize(vms.size());
      for (ImageRecord image : manifest.getImagesList()) {
        read(manifest, image, vms.getOrDefault(image.getVm(), new long[0]));
      }
      manifest.getLogsList().forEach(log -> assertThat(readLog(manifest, log.getTo())).hasSize(1));
    }
  }

  private List<RecordedFrame> readLog(Manifest manifest, int index) {
    try {
      return store.readChannelLog(manifest.getSnapshotId(), manifest.getLogs(index));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private void read(Manifest manifest, ImageRecord image, long[] seeds) throws IOException {
    try (ImageReader reader = store.readImage(manifest.getSnapshotId(), image)) {
      ByteBuffer page = ByteBuffer.allocate(PAGE);
      for (int i = 0; i < seeds.length; i++) {
        reader.read(0, i, page.clear());
        assertThat(page.array())
            .describedAs("page %d of %s in %s", i, image.getVm(), manifest.getSnapshotId())
            .isEqualTo(content(seeds[i]));
      }
    }
  }

  private record SnapshotsFound(List<Manifest> manifests) {
    List<String> ids() {
      return manifests.stream().map(Manifest::getSnapshotId).toList();
    }
  }

  /** The bytes of an object. */
  byte[] bytes(String name) throws IOException {
    try (var in = place.open(name)) {
      ByteBuffer bytes = ByteBuffer.allocate((int) in.bytes());
      in.read(bytes, 0);
      return bytes.array();
    }
  }

  StoreAccess access() throws IOException {
    return StoreAccess.open(place, "test");
  }

  GcPlan plan() throws IOException {
    try (StoreAccess access = access()) {
      return GarbageCollection.plan(access);
    }
  }

  /** Collects; time passes on the place's clock when it waits. */
  GarbageCollection.Result collect() throws IOException {
    return collect(new ArrayList<>());
  }

  GarbageCollection.Result collect(List<String> progress) throws IOException {
    return collect(progress, place::pass);
  }

  GarbageCollection.Result collect(List<String> progress, GarbageCollection.Sleeper sleeper)
      throws IOException {
    try (StoreAccess access = access();
        PageStore other = openStore()) {
      return new GarbageCollection(
              access,
              new GarbageCollection.Settings(
                  Duration.ofMinutes(10), Duration.ofSeconds(30), sleeper),
              new RepackedImage(other, new Random().nextLong()),
              progress::add)
          .run();
    }
  }

  ScrubReport scrub() throws IOException {
    try (StoreAccess access = access()) {
      return Scrub.run(access, false, (done, all) -> {});
    }
  }

  @Override
  public void close() throws IOException {
    place.script(ScriptedPlace.Script.NONE);
    store.close();
  }
}
