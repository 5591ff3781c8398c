package io.vnsnap.store.record;

import com.google.protobuf.ByteString;
import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RecordedFrame;
import io.vnsnap.proto.StoreLease;
import io.vnsnap.store.lease.Leases;
import io.vnsnap.store.pages.Allocation;
import io.vnsnap.store.pages.MemoryPlace;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/** Stream objects of any bytes; and whole ones with content that is nearly right. */
class RecordFuzzTest {
  private static final int MOST_BYTES = 4 << 20;
  private static final String MANIFEST = "snapshots/s1/manifest";
  private static final String LOG = "snapshots/s1/channels/1.log";
  private static final String LEASE = "leases/s1/vm";
  private static final String CONDEMNED = "condemned/0000000000000001";

  private static final byte[] MANIFEST_CONTENT =
      Manifest.newBuilder()
          .setSnapshotId("s1")
          .addImages(ImageRecord.newBuilder().setVm("vm").addDisks(DiskRecord.newBuilder()))
          .addLogs(ChannelLogRecord.newBuilder().setTo(1).setFrames(2))
          .build()
          .toByteArray();

  private static final byte[] FRAME =
      RecordedFrame.newBuilder()
          .setSequence(4)
          .setFrame(ByteString.copyFrom(new byte[60]))
          .build()
          .toByteArray();

  private final MemoryPlace place = new MemoryPlace();
  private final Leases leases =
      new Leases(place, "host", new Random(1)::nextLong, InstantSource.system());

  @Property(tries = 100_000, shrinking = ShrinkingMode.OFF)
  void shouldReadOrRefuseAnyOuterForm(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    put(RecordKind.MANIFEST, MANIFEST, MANIFEST_CONTENT);
    place.setContent(MANIFEST, changed(random, place.content(MANIFEST)));
    Allocation.mustRefuseOrRead(
        MANIFEST,
        MOST_BYTES,
        () -> {
          Manifest unused = Manifests.read(place, "s1");
        });
  }

  @Property(tries = 100_000, shrinking = ShrinkingMode.OFF)
  void shouldReadOrRefuseAnyManifest(@ForAll long seed) throws IOException {
    put(RecordKind.MANIFEST, MANIFEST, changed(new Random(seed), MANIFEST_CONTENT));
    Allocation.mustRefuseOrRead(
        MANIFEST,
        MOST_BYTES,
        () -> {
          Manifest unused = Manifests.read(place, "s1");
        });
  }

  @Property(tries = 100_000, shrinking = ShrinkingMode.OFF)
  void shouldReadOrRefuseAnyChannelLog(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    ByteBuffer frames = ByteBuffer.allocate(3 * (FRAME.length + Integer.BYTES));
    for (int i = 0; i < 3; i++) {
      int length = random.nextInt(10) == 0 ? random.nextInt() : FRAME.length;
      frames.putInt(length).put(changed(random, FRAME), 0, FRAME.length);
    }
    put(RecordKind.CHANNEL_LOG, LOG, frames.array());
    Sha256Of content = Sha256Of.of(frames.array());
    ChannelLogRecord log =
        ChannelLogRecord.newBuilder()
            .setTo(1)
            .setFrames(3)
            .setBytes(frames.capacity())
            .setSha256(content.digest())
            .build();
    Allocation.mustRefuseOrRead(
        LOG,
        MOST_BYTES,
        () -> {
          var unused = ChannelLogs.read(place, LOG, log);
        });
  }

  @Property(tries = 50_000, shrinking = ShrinkingMode.OFF)
  void shouldReadOrRefuseAnyLeaseAndList(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    byte[] lease =
        StoreLease.newBuilder()
            .setSnapshotId("s1")
            .setOwner(random.nextLong())
            .setStateValue(random.nextInt(4))
            .build()
            .toByteArray();
    put(RecordKind.LEASE, LEASE, changed(random, lease));
    put(
        RecordKind.CONDEMNED,
        CONDEMNED,
        changed(random, new byte[] {10, 8, 1, 1, 1, 1, 1, 1, 1, 1}));
    Allocation.mustRefuseOrRead(
        LEASE,
        MOST_BYTES,
        () -> {
          for (Leases.Found found : leases.all("leases/")) {
            boolean unused = found.isOver(5);
          }
        });
    Allocation.mustRefuseOrRead(
        CONDEMNED,
        MOST_BYTES,
        () -> {
          var unused = leases.condemned();
        });
  }

  /** The digest of some content. */
  private record Sha256Of(ByteString digest) {
    static Sha256Of of(byte[] content) {
      return new Sha256Of(ByteString.copyFrom(Sha256.digest().digest(content)));
    }
  }

  private void put(RecordKind kind, String name, byte[] content) throws IOException {
    RecordWriter.put(place, kind, name, 4096, 1, ByteBuffer.wrap(content));
  }

  /** The same length, with up to three bytes changed, or a part of it repeated elsewhere. */
  private static byte[] changed(Random random, byte[] right) {
    byte[] changed = right.clone();
    for (int i = random.nextInt(4); i > 0 && changed.length > 0; i--) {
      if (random.nextInt(4) == 0) {
        int length = 1 + random.nextInt(changed.length);
        int from = random.nextInt(changed.length - length + 1);
        int to = random.nextInt(changed.length - length + 1);
        System.arraycopy(right, from, changed, to, length);
      } else {
        changed[random.nextInt(changed.length)] = (byte) random.nextInt();
      }
    }
    return changed;
  }
}
