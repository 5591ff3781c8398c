package io.vnsnap.store.file;

import com.google.protobuf.InvalidProtocolBufferException;
import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.store.place.Disk;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;

/** Content of a manifest file, and what must hold for it to be used. */
final class ManifestFile {
  private ManifestFile() {}

  /**
   * Reads a manifest.
   *
   * @throws java.nio.file.NoSuchFileException if there is none
   */
  static Manifest read(Disk disk, Part part, String snapshotId) throws IOException {
    try (ContentReader reader = ContentReader.open(disk, part)) {
      byte[] content = reader.read((int) reader.trailer().bytes());
      reader.checkEnd();
      Manifest manifest = Manifest.parseFrom(content);
      check(manifest, snapshotId);
      return manifest;
    } catch (InvalidProtocolBufferException e) {
      throw Area.damaged(part, "it cannot be read: " + e.getMessage());
    } catch (Flaw flaw) {
      throw Area.damaged(part, flaw.what());
    }
  }

  static void write(Area area, Part part, Manifest manifest) throws IOException {
    byte[] content = manifest.toByteArray();
    if (content.length > part.kind().maxBytes) {
      throw new IOException(
          "%s would have %s, more than the %s a manifest may have"
              .formatted(part.file(), Area.mib(content.length), Area.mib(part.kind().maxBytes)));
    }
    try (ContentWriter writer = ContentWriter.create(area, part)) {
      writer.write(content);
      StreamLayout.Trailer unused = writer.commit();
    }
  }

  /** Whether its names may become paths, and no part is named twice. */
  static void check(Manifest manifest, String snapshotId) throws Flaw {
    Flaw.when(
        !manifest.getSnapshotId().equals(snapshotId),
        "it is that of snapshot '%s'".formatted(manifest.getSnapshotId()));
    Set<String> vms = new HashSet<>();
    for (ImageRecord image : manifest.getImagesList()) {
      Flaw.when(!Layout.isVmName(image.getVm()), "it names a VM '%s'".formatted(image.getVm()));
      Flaw.when(!vms.add(image.getVm()), "it names VM %s twice".formatted(image.getVm()));
    }
    Set<Integer> logs = new HashSet<>();
    for (ChannelLogRecord log : manifest.getLogsList()) {
      Flaw.when(log.getTo() < 0, "it names a VNIC %d".formatted(log.getTo()));
      Flaw.when(!logs.add(log.getTo()), "it names the log of VNIC %d twice".formatted(log.getTo()));
    }
  }
}
