package io.vnsnap.vm.qemu.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.vm.MemoryStore;
import io.vnsnap.vm.qemu.stream.RecordedStream.Kind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StreamComposerTest {
  private static final int MEMORY_BYTES = (6 + 2 + 3) * RecordedStream.PAGE;

  private final MemoryStore store = new MemoryStore();

  @AfterEach
  void everythingIsClosed() {
    assertThat(store.open()).isZero();
  }

  private void capture(byte[] stream) throws IOException {
    try (ImageWriter writer = store.writeImage(ImageTarget.of("s1", "vne", "vm"))) {
      StreamParser parser = new StreamParser(new ImageSink(writer));
      parser.feed(ByteBuffer.wrap(stream));
      parser.finish();
      writer.commit();
    }
  }

  private static byte[] compose(ImageReader image, int bufferBytes) throws IOException {
    ByteArrayOutputStream composed = new ByteArrayOutputStream();
    try (image) {
      StreamComposer.compose(
          image,
          ByteBuffer.allocate(bufferBytes),
          bytes -> {
            assertThat(bytes.hasRemaining()).isTrue();
            while (bytes.hasRemaining()) {
              composed.write(bytes.get());
            }
          });
    }
    return composed.toByteArray();
  }

  @ParameterizedTest
  @EnumSource
  void shouldComposeAStreamWithTheSameContent(Kind kind) throws IOException {
    for (long seed = 0; seed < 50; seed++) {
      RecordedStream recorded = RecordedStream.of(kind, seed);
      capture(recorded.bytes());
      TakenApart first = StreamParserTest.parse(recorded.bytes(), 1 << 20);
      TakenApart again =
          StreamParserTest.parse(compose(store.read("s1", "vm"), 8192 + (int) seed), 1 << 20);
      StreamParserTest.assertSame(again, recorded);
      assertThat(again.outline).isEqualTo(first.outline);
    }
  }

  @Test
  void shouldTellEveryPageOnceZerosToo() throws IOException {
    capture(RecordedStream.of(Kind.ROUNDS_10, 5).bytes());
    StreamParser parser = new StreamParser(new TakenApart());
    byte[] composed = compose(store.read("s1", "vm"), 1 << 20);
    parser.feed(ByteBuffer.wrap(composed));
    assertThat(parser.counts().pages()).isEqualTo(6 + 2 + 3);
  }

  @Test
  void shouldGiveTheDevicesWithoutWhatFollowsThem() throws IOException {
    RecordedStream recorded = RecordedStream.of(Kind.INSTANT_10, 5);
    capture(recorded.bytes());
    StoredRest rest;
    try (ImageReader image = store.read("s1", "vm")) {
      rest = StoredRest.read(image);
    }
    assertThat(rest.outline().prefix()).isEqualTo(ByteString.copyFrom(recorded.prefix));
    assertThat(rest.outline().ramSection()).isEqualTo(3);
    assertThat(rest.tail()).isEqualTo(ByteString.copyFrom(recorded.tail));
    int description = "{\"page_size\": 4096, \"devices\": [{}]}".length();
    assertThat(rest.devices())
        .isEqualTo(ByteString.copyFrom(recorded.tail, 0, recorded.tail.length - 6 - description));
  }

  @Test
  void shouldWriteNothingFromAnImageWhoseRestIsDamaged() throws IOException {
    capture(RecordedStream.of(Kind.INSTANT_7, 5).bytes());
    ByteArrayOutputStream composed = new ByteArrayOutputStream();
    try (ImageReader image = store.damagedAt("s1", "vm", MEMORY_BYTES + 80)) {
      assertThatThrownBy(() ->
              StreamComposer.compose(
                  image, ByteBuffer.allocate(8192), bytes -> composed.write(bytes.get())))
          .isInstanceOf(DamagedSnapshotException.class);
    }
    assertThat(composed.size()).isZero();
  }

  @Test
  void shouldWriteNoDeviceFromAnImageWithADamagedPage() throws IOException {
    for (long seed = 0; seed < 20; seed++) {
      RecordedStream recorded = RecordedStream.of(Kind.INSTANT_7, seed);
      capture(recorded.bytes());
      for (int page = 0; page < 6; page++) {
        if (recorded.pages.get(0).containsKey((long) page)) {
          assertNoDeviceIsWritten(recorded, page * RecordedStream.PAGE + 7);
        }
      }
    }
  }

  private void assertNoDeviceIsWritten(RecordedStream recorded, long damagedAt) throws IOException {
    StreamParser parser = new StreamParser(new NoSink());
    try (ImageReader image = store.damagedAt("s1", "vm", damagedAt)) {
      assertThatThrownBy(
              () -> StreamComposer.compose(image, ByteBuffer.allocate(8192), parser::feed))
          .isInstanceOf(DamagedSnapshotException.class)
          .hasMessageContaining("damaged at byte " + damagedAt);
    }
    assertThat(parser.counts().bytes()).isLessThan(recorded.bytes().length - recorded.tail.length);
    assertThatThrownBy(parser::finish).isInstanceOf(StreamException.class);
  }

  private void storeRest(byte[] rest) throws IOException {
    try (ImageWriter writer = store.writeImage(ImageTarget.of("s1", "vne", "vm"))) {
      writer.write(ByteBuffer.wrap(rest));
      writer.commit();
    }
  }

  private static byte[] rest() {
    RecordedStream recorded = RecordedStream.of(Kind.ROUNDS_10, 5);
    StreamOutline outline =
        new StreamOutline(
            ByteString.copyFrom(recorded.prefix), 3, true, ByteString.copyFromUtf8("abc"));
    ByteBuffer encoded = outline.encode();
    return ByteString.copyFrom(encoded).concat(ByteString.copyFrom(recorded.tail)).toByteArray();
  }

  @Test
  void shouldReadTheStoredForm() throws IOException {
    storeRest(rest());
    try (ImageReader image = store.read("s1", "vm")) {
      StreamOutline outline = StoredRest.read(image).outline();
      assertThat(outline.ended()).isTrue();
      assertThat(outline.commands()).isEqualTo(ByteString.copyFromUtf8("abc"));
    }
  }

  @Test
  void shouldSayWhatIsWrongWithAStoredRest() throws IOException {
    byte[] other = rest();
    other[0] = 'X';
    assertRefused(other, "it is not the image of a VM under QEMU");
    byte[] newer = rest();
    newer[4] = 2;
    assertRefused(newer, "its outline has version 2, known is 1");
    byte[] flags = rest();
    flags[5] = 2;
    assertRefused(flags, "its outline has wrong flags or lengths");
    byte[] longPrefix = rest();
    longPrefix[10] = 1;
    assertRefused(longPrefix, "its outline has wrong flags or lengths");
    assertRefused(new byte[5], "its outline is cut short");
    byte[] whole = rest();
    for (int length = 14; length < whole.length; length++) {
      assertRefused(Arrays.copyOf(whole, length), "");
    }
  }

  private void assertRefused(byte[] rest, String why) throws IOException {
    storeRest(rest);
    try (ImageReader image = store.read("s1", "vm")) {
      assertThatThrownBy(() -> StoredRest.read(image))
          .isInstanceOf(DamagedSnapshotException.class)
          .hasMessageContaining(why);
    }
  }

  @Test
  void shouldRefuseABufferThatHoldsNoPage() throws IOException {
    storeRest(rest());
    assertThatThrownBy(() -> compose(store.read("s1", "vm"), 4096))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
