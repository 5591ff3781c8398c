package io.vnsnap.store.pages;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.DropCause;
import io.vnsnap.proto.DropCount;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.LinkSpec;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.PauseRecord;
import io.vnsnap.proto.RecordedFrame;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VnicSpec;
import io.vnsnap.store.ChannelLogWriter;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.SnapshotVerification;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SnapshotVerificationTest {
  private static final String ID = "s1";
  private static final int IMAGE_BYTES = 100_000;

  private final Path folder;
  private final SnapshotStore store;

  SnapshotVerificationTest(@TempDir Path folder) throws IOException {
    this.folder = folder;
    this.store = PageStore.inDirectory(folder.resolve("store"), "host-a");
  }

  private Manifest.Builder manifest(List<RecordedFrame> frames) throws IOException {
    return Manifest.newBuilder()
        .setSnapshotId(ID)
        .setTopology(
            Topology.newBuilder()
                .setName("lab")
                .addLinks(LinkSpec.newBuilder().setName("lan"))
                .addVms(vm("a"))
                .addVms(vm("b")))
        .addImages(image("a"))
        .addImages(image("b"))
        .addLogs(log(frames))
        .addChannels(channel(0, 1, 10, 7, 2, 1))
        .addChannels(channel(1, 0, 5, 5, 0, 0))
        .setExact(true);
  }

  private static VmSpec vm(String name) {
    return VmSpec.newBuilder()
        .setName(name)
        .addVnics(VnicSpec.newBuilder().setName("eth0").setLink("lan"))
        .build();
  }

  private static ChannelRecord channel(
      int from, int to, long sent, long delivered, long recorded, long lost) {
    ChannelRecord.Builder record =
        ChannelRecord.newBuilder()
            .setFrom(from)
            .setTo(to)
            .setSent(sent)
            .setDelivered(delivered)
            .setRecorded(recorded)
            .setClosed(true);
    if (lost > 0) {
      record.addDrops(DropCount.newBuilder().setCause(DropCause.SHAPER_LOSS).setFrames(lost));
    }
    return record.build();
  }

  private ImageRecord image(String vm) throws IOException {
    try (ImageWriter writer = store.writeImage(ImageTarget.of(ID, "vne", vm))) {
      byte[] content = new byte[IMAGE_BYTES];
      new Random(vm.hashCode()).nextBytes(content);
      writer.write(ByteBuffer.wrap(content));
      return SmallSnapshot.record(vm, writer.commit()).toBuilder()
          .setPause(PauseRecord.newBuilder().setStopUs(10).setResumeUs(20))
          .build();
    }
  }

  private ChannelLogRecord log(List<RecordedFrame> frames) throws IOException {
    try (ChannelLogWriter writer = store.writeChannelLog(ID, 1)) {
      for (RecordedFrame frame : frames) {
        writer.append(frame);
      }
      return writer.commit();
    }
  }

  private static RecordedFrame frame(long sequence) {
    return RecordedFrame.newBuilder()
        .setFrom(0)
        .setSequence(sequence)
        .setFrame(ByteString.copyFrom(new byte[60]))
        .build();
  }

  private List<String> violations(Manifest manifest) throws IOException {
    store.seal(manifest);
    return SnapshotVerification.of(store, ID).violations();
  }

  @Test
  void shouldPassASnapshotThatIsWhatItSays() throws IOException {
    assertThat(violations(manifest(List.of(frame(9), frame(10))).build())).isEmpty();
  }

  @Test
  void shouldFindAFrameThatIsThereTwice() throws IOException {
    assertThat(violations(manifest(List.of(frame(10), frame(10))).build()))
        .singleElement()
        .asString()
        .isEqualTo("channel a/eth0 to b/eth0: frame 10 is recorded twice");
  }

  /** Ten were sent, eight delivered, none dropped: nine and ten must be there, in this order. */
  private List<String> violationsOfTheLastTwo(long... numbers) throws IOException {
    List<RecordedFrame> frames =
        LongStream.of(numbers).mapToObj(SnapshotVerificationTest::frame).toList();
    return violations(manifest(frames).setChannels(0, channel(0, 1, 10, 8, 2, 0)).build());
  }

  @Test
  void shouldPassTheFramesThatWereNotDelivered() throws IOException {
    assertThat(violationsOfTheLastTwo(9, 10)).isEmpty();
  }

  @Test
  void shouldFindFramesOutOfOrder() throws IOException {
    assertThat(violationsOfTheLastTwo(10, 9))
        .containsExactly("channel a/eth0 to b/eth0: frame 9 is recorded after frame 10");
  }

  @Test
  void shouldFindAFrameThatWasDeliveredAlreadyAndTheOneInWhosePlaceItIs() throws IOException {
    assertThat(violationsOfTheLastTwo(8, 10))
        .containsExactly(
            "channel a/eth0 to b/eth0: frame 8 is recorded, but the first 8 or more were delivered before the cut",
            "channel a/eth0 to b/eth0: frame 9 is missing: it was neither delivered nor recorded nor dropped");
  }

  @Test
  void shouldFindAllThatIsWrongWithALogOfOtherFrames() throws IOException {
    assertThat(violationsOfTheLastTwo(2, 1))
        .anyMatch(line -> line.contains("frame 1 is recorded after frame 2"))
        .anyMatch(line -> line.contains("frame 2 is recorded, but the first 8 or more"))
        .anyMatch(line -> line.contains("frame 1 is recorded, but the first 8 or more"))
        .anyMatch(line -> line.contains("frame 9 is missing"));
  }

  @Test
  void shouldFindAFrameThatWasDeliveredAlreadyWhereOthersWereLost() throws IOException {
    assertThat(violations(manifest(List.of(frame(7), frame(10))).build()))
        .containsExactly(
            "channel a/eth0 to b/eth0: frame 7 is recorded, but the first 7 or more were delivered before the cut");
  }

  @Test
  void shouldFindAnOrphan() throws IOException {
    assertThat(violations(manifest(List.of(frame(10), frame(11))).build()))
        .singleElement()
        .asString()
        .contains("frame 11 is recorded, but 10 were sent before the cut");
  }

  @Test
  void shouldFindACountThatDoesNotBalance() throws IOException {
    Manifest.Builder manifest = manifest(List.of(frame(9), frame(10)));
    manifest.setChannels(1, channel(1, 0, 6, 5, 0, 0));
    assertThat(violations(manifest.build()))
        .anyMatch(line -> line.contains("b/eth0 to a/eth0 does not balance: 6 sent"))
        .anyMatch(line -> line.contains("says that the snapshot is exact, which is not so"));
  }

  @Test
  void shouldFindFramesThatTheLogDoesNotHold() throws IOException {
    Manifest.Builder manifest = manifest(List.of(frame(9), frame(10)));
    manifest.setChannels(0, channel(0, 1, 10, 6, 3, 1));
    assertThat(violations(manifest.build()))
        .anyMatch(line -> line.contains("2 frames are stored, 3 were recorded"));
  }

  @Test
  void shouldFindAVmWithoutImageAndAnInexactSnapshot() throws IOException {
    Manifest.Builder manifest = manifest(List.of(frame(9), frame(10)));
    manifest.removeImages(1).setExact(false);
    assertThat(violations(manifest.build()))
        .contains("VM b has no image")
        .anyMatch(line -> line.contains("not exact, which is not so"));
  }

  @Test
  void shouldFindEveryDamagedFile() throws IOException {
    store.seal(manifest(List.of(frame(9), frame(10))).build());
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(SnapshotVerificationTest::isPart).toList()) {
        try (RandomAccessFile damaged = new RandomAccessFile(file.toFile(), "rw")) {
          damaged.seek(damaged.length() / 2);
          int old = damaged.read();
          damaged.seek(damaged.length() / 2);
          damaged.write(old ^ 1);
        }
      }
    }
    assertThat(SnapshotVerification.of(store, ID).violations())
        .anyMatch(line -> line.startsWith("the image of VM a: "))
        .anyMatch(line -> line.startsWith("the image of VM b: "))
        .anyMatch(line -> line.startsWith("the channel log of b/eth0: "));
  }

  private static boolean isPart(Path file) {
    return Files.isRegularFile(file)
        && (file.toString().contains("/packs/") || file.toString().endsWith(".log"));
  }
}
