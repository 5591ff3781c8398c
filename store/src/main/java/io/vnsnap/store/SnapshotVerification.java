package io.vnsnap.store;

import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RecordedFrame;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.certificate.Certificate;
import io.vnsnap.proto.certificate.Channels;
import io.vnsnap.proto.certificate.Channels.Channel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Checks a sealed snapshot from what is stored alone: that every byte is intact, and that by the
 * stored frames and counts no frame is missing, none is there twice, and none came from after the
 * cut. What is wrong does not end it: all of it is found. Blocks while it reads everything.
 *
 * @param manifest of the snapshot
 * @param certificate computed anew from the manifest's counts
 * @param violations one line each; none means that the snapshot is what it says
 */
public record SnapshotVerification(
    Manifest manifest, Certificate certificate, List<String> violations) {
  /** Whether the snapshot is whole, intact and exact. */
  public boolean passed() {
    return violations.isEmpty();
  }

  /**
   * Reads and checks all of it.
   *
   * @throws NoSuchSnapshotException if there is none
   * @throws DamagedSnapshotException if not even its manifest can be trusted
   */
  public static SnapshotVerification of(SnapshotStore store, String snapshotId) throws IOException {
    Manifest manifest = store.manifest(snapshotId);
    return new Check(store, manifest).run();
  }

  private static final class Check {
    private final SnapshotStore store;
    private final Manifest manifest;
    private final Channels channels;
    private final Certificate certificate;
    private final Map<Channel, ChannelRecord> records = new HashMap<>();
    private final List<String> violations = new ArrayList<>();

    Check(SnapshotStore store, Manifest manifest) {
      this.store = store;
      this.manifest = manifest;
      this.channels = new Channels(manifest.getTopology());
      this.certificate = Certificate.of(manifest);
      certificate
          .channels()
          .forEach(record -> records.put(new Channel(record.getFrom(), record.getTo()), record));
    }

    SnapshotVerification run() {
      violations.addAll(certificate.flaws());
      if (manifest.getExact() != certificate.exact()) {
        violations.add(
            "the manifest says that the snapshot is %s, which is not so"
                .formatted(manifest.getExact() ? "exact" : "not exact"));
      }
      checkImages();
      Map<Channel, Long> recorded = new TreeMap<>();
      for (ChannelLogRecord log : manifest.getLogsList()) {
        checkLog(log, recorded);
      }
      compareWithRecords(recorded);
      return new SnapshotVerification(manifest, certificate, List.copyOf(violations));
    }

    private void checkImages() {
      Set<String> seen = new HashSet<>();
      for (ImageRecord image : manifest.getImagesList()) {
        if (!seen.add(image.getVm())) {
          violations.add("VM " + image.getVm() + " has two images");
        }
        if (image.getPause().getResumeUs() < image.getPause().getStopUs()) {
          violations.add("VM " + image.getVm() + " was resumed before it was paused");
        }
        try {
          read(image);
        } catch (IOException e) {
          violations.add("the image of VM " + image.getVm() + ": " + e.getMessage());
        }
        checkDisks(image);
      }
      for (VmSpec vm : manifest.getTopology().getVmsList()) {
        if (!seen.remove(vm.getName())) {
          violations.add("VM " + vm.getName() + " has no image");
        }
      }
      seen.forEach(vm -> violations.add("there is an image of a VM " + vm + " that is not there"));
    }

    private void checkDisks(ImageRecord image) {
      for (DiskRecord disk : image.getDisksList()) {
        if (disk.getObject().isEmpty()) {
          continue; // It is a file beside the store, of which the store knows nothing.
        }
        try (ImageReader reader = store.readDisk(manifest.getSnapshotId(), disk)) {
          reader.verify();
        } catch (IOException e) {
          violations.add(
              "the disk %s of VM %s: %s".formatted(disk.getName(), image.getVm(), e.getMessage()));
        }
      }
    }

    private void read(ImageRecord image) throws IOException {
      try (ImageReader reader = store.readImage(manifest.getSnapshotId(), image)) {
        if (reader.bytes() != image.getBytes()) {
          throw new IOException(
              "%d bytes, the manifest says %d".formatted(reader.bytes(), image.getBytes()));
        }
        reader.verify();
      }
    }

    private void checkLog(ChannelLogRecord log, Map<Channel, Long> recorded) {
      Map<Integer, Set<Long>> sequences = new HashMap<>();
      try {
        for (RecordedFrame frame : store.readChannelLog(manifest.getSnapshotId(), log)) {
          Channel channel = new Channel(frame.getFrom(), log.getTo());
          recorded.merge(channel, 1L, Long::sum);
          if (!sequences
              .computeIfAbsent(frame.getFrom(), from -> new HashSet<>())
              .add(frame.getSequence())) {
            violations.add(
                "channel %s: frame %d is recorded twice"
                    .formatted(channels.name(channel), frame.getSequence()));
          }
          checkFrame(channel, frame);
        }
      } catch (IOException e) {
        violations.add("the channel log of " + channels.name(log.getTo()) + ": " + e.getMessage());
      }
    }

    private void checkFrame(Channel channel, RecordedFrame frame) {
      ChannelRecord record = records.getOrDefault(channel, ChannelRecord.getDefaultInstance());
      if (frame.getSequence() < 1 || frame.getSequence() > record.getSent()) {
        violations.add(
            "channel %s: frame %d is recorded, but %d were sent before the cut"
                .formatted(channels.name(channel), frame.getSequence(), record.getSent()));
      }
      if (frame.getOffsetUs() < 0) {
        violations.add(
            "channel %s: frame %d arrived before the receiver's cut"
                .formatted(channels.name(channel), frame.getSequence()));
      }
    }

    private void compareWithRecords(Map<Channel, Long> recorded) {
      for (ChannelRecord record : certificate.channels()) {
        Channel channel = new Channel(record.getFrom(), record.getTo());
        long stored = recorded.getOrDefault(channel, 0L);
        if (stored != record.getRecorded()) {
          violations.add(
              "channel %s: %d frames are stored, %d were recorded"
                  .formatted(channels.name(channel), stored, record.getRecorded()));
        }
      }
    }
  }
}
