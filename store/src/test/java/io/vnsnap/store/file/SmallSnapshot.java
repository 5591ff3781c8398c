package io.vnsnap.store.file;

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
import java.util.List;
import java.util.Random;

/** A snapshot of two VMs and one channel log, small enough to fail every write of it in turn. */
final class SmallSnapshot {
  /** The smallest chunks there are; no reserve. */
  static final FileStore.Settings SETTINGS =
      new FileStore.Settings(StreamHeader.MIN_CHUNK_BYTES, 4 * StreamHeader.MIN_CHUNK_BYTES, 0);

  private final String id;
  private final byte[] first;
  private final byte[] second;
  private final List<RecordedFrame> frames = new ArrayList<>();

  SmallSnapshot(String id, long seed) {
    this.id = id;
    Random random = new Random(seed);
    this.first = new byte[2 * StreamHeader.MIN_CHUNK_BYTES + 17];
    random.nextBytes(first);
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
    ImageRecord a = storeImage(store, "vm-a", first);
    ImageRecord b = storeImage(store, "vm-b", second);
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

  ImageRecord storeImage(SnapshotStore store, String vm, byte[] content) throws IOException {
    try (ImageWriter writer = store.writeImage(ImageTarget.of(id, "vne", vm))) {
      writer.write(ByteBuffer.wrap(content));
      ImageWriter.Committed committed = writer.commit();
      return ImageRecord.newBuilder()
          .setVm(vm)
          .setBytes(committed.bytes())
          .setSha256(committed.sha256())
          .build();
    }
  }

  ImageRecord storeFirst(SnapshotStore store) throws IOException {
    return storeImage(store, "vm-a", first);
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
    assertThat(read(store, id, manifest.getImages(0))).isEqualTo(first);
    assertThat(read(store, id, manifest.getImages(1))).isEqualTo(second);
    assertThat(store.readChannelLog(id, manifest.getLogs(0))).isEqualTo(frames);
  }

  byte[] first() {
    return first;
  }

  static byte[] read(SnapshotStore store, String id, ImageRecord image) throws IOException {
    try (ImageReader reader = store.readImage(id, image)) {
      return readAll(reader, new ByteArrayOutputStream());
    }
  }

  /** Reads to the end; what was handed out is in {@code out} also when that fails. */
  static byte[] readAll(ImageReader reader, ByteArrayOutputStream out) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(1000);
    while (reader.read(buffer) >= 0) {
      out.write(buffer.array(), 0, buffer.position());
      buffer.clear();
    }
    return out.toByteArray();
  }
}
