package io.vnsnap.store.pages;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RecordedFrame;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.store.SnapshotStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** A snapshot of two VMs and one channel log, small enough to fail every write of it in turn. */
final class SmallSnapshot {
  static final String BLOCK = "pc.ram";
  private static final int PAGES = 6;

  /** The smallest sizes there are. */
  static final StoreSettings SETTINGS =
      new StoreSettings("host-a", 1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 8 << 20, 4096, 2, 1);

  private final String id;
  private final byte[] first;
  private final byte[] second;
  private final List<RecordedFrame> frames = new ArrayList<>();

  SmallSnapshot(String id, long seed) {
    this.id = id;
    Random random = new Random(seed);
    this.first = new byte[PAGES * ImageReader.PAGE_BYTES];
    random.nextBytes(first);
    Arrays.fill(first, ImageReader.PAGE_BYTES, 2 * ImageReader.PAGE_BYTES, (byte) 0);
    Arrays.fill(first, 3 * ImageReader.PAGE_BYTES, 4 * ImageReader.PAGE_BYTES, (byte) 7);
    this.second = new byte[100];
    random.nextBytes(second);
    for (int i = 0; i < 3; i++) {
      byte[] frame = new byte[60 + random.nextInt(100)];
      random.nextBytes(frame);
      frames.add(
          RecordedFrame.newBuilder()
              .setFrom(1)
              .setSequence(i)
              .setOffsetUs(10L * i)
              .setFrame(ByteString.copyFrom(frame))
              .build());
    }
  }

  String id() {
    return id;
  }

  Manifest storeIn(SnapshotStore store) throws IOException {
    ImageRecord a = storeFirst(store);
    ImageRecord b = storeSecond(store);
    ChannelLogRecord log = storeLog(store);
    Manifest manifest = manifest(a, b, log);
    store.seal(manifest);
    return manifest;
  }

  Manifest manifest(ImageRecord a, ImageRecord b, ChannelLogRecord log) {
    return Manifest.newBuilder()
        .setSnapshotId(id)
        .setVne("lab")
        .setCreatedEpochMs(id.hashCode())
        .addImages(a)
        .addImages(b)
        .addLogs(log)
        .build();
  }

  /** Stores an image of memory alone, page by page. */
  ImageRecord storeMemory(SnapshotStore store, String vm, byte[] memory) throws IOException {
    try (ImageWriter writer = store.writeImage(ImageTarget.of(id, "vne", vm))) {
      int block = writer.block(BLOCK, memory.length);
      for (int at = 0; at < memory.length; at += ImageReader.PAGE_BYTES) {
        writer.page(
            block,
            at / ImageReader.PAGE_BYTES,
            ByteBuffer.wrap(memory, at, ImageReader.PAGE_BYTES));
      }
      return record(vm, writer.commit());
    }
  }

  /** Stores an image of nothing but the rest. */
  ImageRecord storeImage(SnapshotStore store, String vm, byte[] content) throws IOException {
    try (ImageWriter writer = store.writeImage(ImageTarget.of(id, "vne", vm))) {
      writer.write(ByteBuffer.wrap(content));
      return record(vm, writer.commit());
    }
  }

  static ImageRecord record(String vm, ImageWriter.Committed committed) {
    return ImageRecord.newBuilder()
        .setVm(vm)
        .setBytes(committed.bytes())
        .setSha256(committed.sha256())
        .setObject(committed.object())
        .setAddedBytes(committed.addedBytes())
        .build();
  }

  ImageRecord storeFirst(SnapshotStore store) throws IOException {
    return storeMemory(store, "vm-a", first);
  }

  ImageRecord storeSecond(SnapshotStore store) throws IOException {
    return storeImage(store, "vm-b", second);
  }

  ChannelLogRecord storeLog(SnapshotStore store) throws IOException {
    try (var writer = store.writeChannelLog(id, 2)) {
      for (RecordedFrame frame : frames) {
        writer.append(frame);
      }
      return writer.commit();
    }
  }

  /** Reads everything back through the manifest. */
  void mustBeIn(SnapshotStore store) throws IOException {
    Manifest manifest = store.manifest(id);
    assertThat(memory(store, id, manifest.getImages(0))).isEqualTo(first);
    assertThat(scanned(store, id, manifest.getImages(0))).isEqualTo(first);
    assertThat(rest(store, id, manifest.getImages(1))).isEqualTo(second);
    assertThat(store.readChannelLog(id, manifest.getLogs(0))).isEqualTo(frames);
  }

  byte[] first() {
    return first;
  }

  /** Reads the one block of an image page by page. */
  static byte[] memory(SnapshotStore store, String id, ImageRecord image) throws IOException {
    try (ImageReader reader = store.readImage(id, image)) {
      ByteBuffer memory = ByteBuffer.allocate((int) reader.blocks().getFirst().bytes());
      for (int page = 0; memory.hasRemaining(); page++) {
        reader.read(0, page, memory);
      }
      return memory.array();
    }
  }

  /** Reads the one block of an image by a scan. */
  static byte[] scanned(SnapshotStore store, String id, ImageRecord image) throws IOException {
    try (ImageReader reader = store.readImage(id, image);
        ImageReader.PageScan scan = reader.scan()) {
      byte[] memory = new byte[(int) reader.blocks().getFirst().bytes()];
      while (scan.next()) {
        assertThat(scan.block()).isZero();
        assertThat(reader.isZero(0, scan.page())).isFalse();
        scan.content()
            .get(memory, (int) scan.page() * ImageReader.PAGE_BYTES, ImageReader.PAGE_BYTES);
      }
      return memory;
    }
  }

  static byte[] rest(SnapshotStore store, String id, ImageRecord image) throws IOException {
    try (ImageReader reader = store.readImage(id, image)) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      ByteBuffer buffer = ByteBuffer.allocate(1000);
      while (reader.read(buffer) >= 0) {
        out.write(buffer.array(), 0, buffer.position());
        buffer.clear();
      }
      return out.toByteArray();
    }
  }
}
