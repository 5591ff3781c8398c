package io.vnsnap.store.record;

import com.google.protobuf.InvalidProtocolBufferException;
import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.store.place.Place;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;

/** Content of a manifest, and what must hold for it to be used. */
public final class Manifests {
  private static final RecordKind KIND = RecordKind.MANIFEST;

  private Manifests() {}

  /**
   * Reads a manifest.
   *
   * @throws java.nio.file.NoSuchFileException if there is none
   */
  public static Manifest read(Place place, String snapshotId) throws IOException {
    try (RecordReader reader = RecordReader.open(place, KIND, ObjectNames.manifest(snapshotId))) {
      byte[] content = reader.read((int) reader.trailer().bytes());
      reader.checkEnd();
      try {
        Manifest manifest = Manifest.parseFrom(content);
        check(manifest, snapshotId);
        return manifest;
      } catch (InvalidProtocolBufferException e) {
        throw reader.damaged("it cannot be read: " + e.getMessage());
      } catch (Flaw flaw) {
        throw reader.damaged(flaw.what());
      }
    }
  }

  /**
   * Writes a manifest.
   *
   * @throws java.nio.file.FileAlreadyExistsException if the snapshot has one
   */
  public static void write(Place place, Manifest manifest, int chunkBytes, long salt)
      throws IOException {
    byte[] content = manifest.toByteArray();
    String name = ObjectNames.manifest(manifest.getSnapshotId());
    if (content.length > KIND.maxBytes) {
      throw new IOException(
          "%s would have %s, more than the %s a manifest may have"
              .formatted(name, Damage.mib(content.length), Damage.mib(KIND.maxBytes)));
    }
    try (RecordWriter writer = RecordWriter.create(place, KIND, name, chunkBytes, salt)) {
      writer.write(ByteBuffer.wrap(content));
      StreamLayout.Trailer unused = writer.commit();
    }
  }

  /** Whether its words may become names, and no part is named twice. */
  public static void check(Manifest manifest, String snapshotId) throws Flaw {
    Flaw.when(
        !manifest.getSnapshotId().equals(snapshotId),
        "it is that of snapshot '%s'",
        manifest.getSnapshotId());
    Set<String> vms = new HashSet<>();
    for (ImageRecord image : manifest.getImagesList()) {
      Flaw.when(!ObjectNames.isVmName(image.getVm()), "it names a VM '%s'", image.getVm());
      Flaw.when(!vms.add(image.getVm()), "it names VM %s twice", image.getVm());
    }
    Set<Integer> logs = new HashSet<>();
    for (ChannelLogRecord log : manifest.getLogsList()) {
      Flaw.when(log.getTo() < 0, "it names a VNIC %d", log.getTo());
      Flaw.when(!logs.add(log.getTo()), "it names the log of VNIC %d twice", log.getTo());
    }
  }
}
