package io.vnsnap.shell.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
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
import io.vnsnap.shell.fake.FakeClient;
import io.vnsnap.shell.render.Screen;
import io.vnsnap.shell.render.Style;
import io.vnsnap.store.ChannelLogWriter;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.pages.PageStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code vnsnap verify} on snapshots that really are stored. */
@Timeout(60)
class VerifyCommandTest {
  /** A pack begins with a header and the header of its first group, 16 bytes each. */
  private static final int IN_FIRST_GROUP = 40;

  private static final String ID = "20261124-lab-1";

  private final Path folder;
  private final SnapshotStore store;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  VerifyCommandTest(@TempDir Path temporary) throws IOException {
    this.folder = temporary.resolve("store");
    this.store = PageStore.inDirectory(folder, "host-a");
  }

  private int verify(String... args) {
    CliContext context =
        new CliContext(
            new Screen(stream(out), false, Style.PLAIN, 100),
            stream(err),
            Map.of(),
            ZoneOffset.UTC,
            socket -> new FakeClient(),
            () -> {
              throw new AssertionError("verify needs no node");
            });
    String[] line = Stream.concat(Stream.of("verify"), Stream.of(args)).toArray(String[]::new);
    return new CommandLineInterface(context).run(line);
  }

  private static PrintStream stream(ByteArrayOutputStream bytes) {
    return new PrintStream(bytes, true, StandardCharsets.UTF_8);
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  /** Two VMs; of ten frames from a to b seven arrived, two are recorded and one is lost or not. */
  private void seal(long lost) throws IOException {
    Manifest.Builder manifest =
        Manifest.newBuilder()
            .setSnapshotId(ID)
            .setLabel("before")
            .setTopology(
                Topology.newBuilder()
                    .setName("lab")
                    .addLinks(LinkSpec.newBuilder().setName("lan"))
                    .addVms(vm("a"))
                    .addVms(vm("b")))
            .addImages(image("a"))
            .addImages(image("b"))
            .addChannels(
                ChannelRecord.newBuilder()
                    .setTo(1)
                    .setSent(10)
                    .setDelivered(7)
                    .setRecorded(2)
                    .setClosed(true)
                    .addDrops(
                        DropCount.newBuilder().setCause(DropCause.SHAPER_LOSS).setFrames(lost)))
            .addChannels(
                ChannelRecord.newBuilder().setFrom(1).setSent(5).setDelivered(5).setClosed(true))
            .setExact(true);
    try (ChannelLogWriter writer = store.writeChannelLog(ID, 1)) {
      writer.append(frame(9));
      writer.append(frame(10));
      manifest.addLogs(writer.commit());
    }
    store.seal(manifest.build());
  }

  private static VmSpec vm(String name) {
    return VmSpec.newBuilder()
        .setName(name)
        .addVnics(VnicSpec.newBuilder().setName("eth0").setLink("lan"))
        .build();
  }

  private static RecordedFrame frame(long sequence) {
    return RecordedFrame.newBuilder()
        .setSequence(sequence)
        .setFrame(ByteString.copyFrom(new byte[60]))
        .build();
  }

  private ImageRecord image(String vm) throws IOException {
    try (ImageWriter writer = store.writeImage(ImageTarget.of(ID, "vne", vm))) {
      writer.write(
          ByteBuffer.wrap(
              "the memory of %s".formatted(vm).repeat(500).getBytes(StandardCharsets.UTF_8)));
      ImageWriter.Committed committed = writer.commit();
      return ImageRecord.newBuilder()
          .setVm(vm)
          .setObject(committed.object())
          .setBytes(committed.bytes())
          .setSha256(committed.sha256())
          .setPause(PauseRecord.newBuilder().setStopUs(10).setResumeUs(20))
          .build();
    }
  }

  @Test
  void shouldShowEveryChannelOfASnapshotThatIsWhatItSays() throws IOException {
    seal(1);
    assertThat(verify("before", "--store", folder.toString())).isZero();
    assertThat(out().lines())
        .anySatisfy(line ->
            assertThat(line.split(" {2,}"))
                .containsExactly(
                    "a/eth0", "b/eth0", "10", "7", "2", "shaper loss 1", "by marker", "0"))
        .last()
        .isEqualTo(
            "Snapshot " + ID + ": 2 images and 1 channel logs intact; every frame accounted for");
    assertThat(err()).isEmpty();
  }

  @Test
  void shouldFailAndNameAFrameThatIsMissing() throws IOException {
    seal(0);
    assertThat(verify("2026", "--store", folder.toString())).isEqualTo(CommandLineInterface.FAILED);
    assertThat(out()).contains("1 missing", "channel a/eth0 to b/eth0 does not balance: 10 sent");
  }

  @Test
  void shouldPrintJson() throws IOException {
    seal(1);
    assertThat(verify(ID, "--json", "--store", folder.toString())).isZero();
    JsonNode found = new ObjectMapper().readTree(out());
    assertThat(found.get("passed").asBoolean()).isTrue();
    assertThat(found.get("violations")).isEmpty();
    assertThat(found.at("/channels/0/drops/shaper loss").asLong()).isEqualTo(1);
    assertThat(found.at("/channels/1/sent").asLong()).isEqualTo(5);
  }

  @Test
  void shouldFailWhereAStoredByteHasChanged() throws IOException {
    seal(1);
    Path largest;
    try (Stream<Path> files = Files.walk(folder.resolve("packs"))) {
      largest = files.filter(Files::isRegularFile).max(VerifyCommandTest::bySize).orElseThrow();
    }
    byte[] bytes = Files.readAllBytes(largest);
    bytes[IN_FIRST_GROUP] ^= 1;
    Files.write(largest, bytes);
    assertThat(verify(ID, "--store", folder.toString())).isEqualTo(CommandLineInterface.FAILED);
    assertThat(out()).contains("Snapshot " + ID + ": ", " violations");
  }

  private static int bySize(Path one, Path other) {
    return Long.compare(one.toFile().length(), other.toFile().length());
  }

  @Test
  void shouldSayWhatIsNotThere() throws IOException {
    seal(1);
    assertThat(verify("other", "--store", folder.toString()))
        .isEqualTo(CommandLineInterface.FAILED);
    assertThat(err()).contains("other");
    assertThat(verify(ID, "--store", folder.resolve("none").toString()))
        .isEqualTo(CommandLineInterface.FAILED);
    assertThat(err()).contains("there is no snapshot store at", "name it with --store");
  }
}
