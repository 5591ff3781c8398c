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
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;

/**
 * Checks a sealed snapshot from what is stored alone: that every byte is intact, and that by the
 * stored frames and counts no frame is missing, none is there twice, delivered already or out of
 * order, and none came from after the cut. What is wrong does not end it: all of it is found.
 * Blocks while it reads everything.
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
    private final Map<Channel, NavigableSet<Long>> recorded = new HashMap<>();
    private final Map<Channel, Long> storedFrames = new HashMap<>();
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
      manifest.getLogsList().forEach(this::checkLog);
      compareWithRecords();
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

    private void checkLog(ChannelLogRecord log) {
      try {
        for (RecordedFrame frame : store.readChannelLog(manifest.getSnapshotId(), log)) {
          Channel channel = new Channel(frame.getFrom(), log.getTo());
          checkOrder(channel, frame.getSequence());
          checkFrame(channel, frame);
        }
      } catch (IOException e) {
        violations.add("the channel log of " + channels.name(log.getTo()) + ": " + e.getMessage());
      }
    }

    /** A channel is FIFO, so its numbers rise in the log. */
    private void checkOrder(Channel channel, long sequence) {
      storedFrames.merge(channel, 1L, Long::sum);
      NavigableSet<Long> numbers = recorded.computeIfAbsent(channel, any -> new TreeSet<>());
      if (!numbers.isEmpty() && sequence < numbers.last()) {
        violations.add(
            "channel %s: frame %d is recorded after frame %d"
                .formatted(channels.name(channel), sequence, numbers.last()));
      }
      if (!numbers.add(sequence)) {
        violations.add(
            "channel %s: frame %d is recorded twice".formatted(channels.name(channel), sequence));
      }
    }

    private void checkFrame(Channel channel, RecordedFrame frame) {
      ChannelRecord record = records.getOrDefault(channel, ChannelRecord.getDefaultInstance());
      if (frame.getSequence() < 1 || frame.getSequence() > record.getSent()) {
        violations.add(
            "channel %s: frame %d is recorded, but %d were sent before the cut"
                .formatted(channels.name(channel), frame.getSequence(), record.getSent()));
      } else if (frame.getSequence() <= record.getDelivered()) {
        violations.add(
            "channel %s: frame %d is recorded, but the first %d or more were delivered before the cut"
                .formatted(channels.name(channel), frame.getSequence(), record.getDelivered()));
      }
      if (frame.getOffsetUs() < 0) {
        violations.add(
            "channel %s: frame %d arrived before the receiver's cut"
                .formatted(channels.name(channel), frame.getSequence()));
      }
    }

    private void compareWithRecords() {
      for (ChannelRecord record : certificate.channels()) {
        Channel channel = new Channel(record.getFrom(), record.getTo());
        Set<Long> stored = recorded.getOrDefault(channel, Collections.emptyNavigableSet());
        long frames = storedFrames.getOrDefault(channel, 0L);
        if (frames != record.getRecorded()) {
          violations.add(
              "channel %s: %d frames are stored, %d were recorded"
                  .formatted(channels.name(channel), frames, record.getRecorded()));
        } else if (record.getDropsList().stream().allMatch(drop -> drop.getFrames() == 0)) {
          findMissing(channel, record, stored);
        }
      }
    }

    /** Where nothing was dropped, what was not delivered is recorded to the last frame. */
    private void findMissing(Channel channel, ChannelRecord record, Set<Long> stored) {
      for (long number = record.getDelivered() + 1; number <= record.getSent(); number++) {
        if (!stored.contains(number)) {
          violations.add(
              "channel %s: frame %d is missing: it was neither delivered nor recorded nor dropped"
                  .formatted(channels.name(channel), number));
          return; // one is enough, and the counts of a damaged manifest may be large
        }
      }
    }
  }
}
