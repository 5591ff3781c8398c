package io.vnsnap.vm.qemu.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.vnsnap.vm.qemu.stream.RecordedStream.Kind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SortedMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class StreamParserTest {
  private static final int MACHINE_AT = 13;
  private static final int START_AT = MACHINE_AT + 13;
  private static final int LIST_AT = START_AT + 17;
  private static final int FIRST_BLOCK_AT = LIST_AT + 8;

  static TakenApart parse(byte[] stream, int pieces) throws IOException {
    TakenApart taken = new TakenApart();
    StreamParser parser = new StreamParser(taken);
    ByteBuffer buffer = ByteBuffer.allocate(pieces);
    for (int at = 0; at < stream.length; at += pieces) {
      int n = Math.min(pieces, stream.length - at);
      parser.feed(buffer.clear().put(stream, at, n).flip());
    }
    parser.finish();
    assertThat(parser.counts().bytes()).isEqualTo(stream.length);
    return taken;
  }

  static void assertSame(TakenApart taken, RecordedStream recorded) {
    assertThat(taken.blocks).isEqualTo(RecordedStream.BLOCKS);
    for (int block = 0; block < taken.pages.size(); block++) {
      SortedMap<Long, byte[]> expected = recorded.pages.get(block);
      assertThat(taken.pages.get(block)).containsOnlyKeys(expected.keySet());
      taken
          .pages
          .get(block)
          .forEach((page, content) -> assertThat(content).isEqualTo(expected.get(page)));
    }
    assertThat(taken.rest.toByteArray()).isEqualTo(recorded.tail);
  }

  @ParameterizedTest
  @EnumSource
  void shouldTakeAStreamApart(Kind kind) throws IOException {
    for (long seed = 0; seed < 200; seed++) {
      RecordedStream recorded = RecordedStream.of(kind, seed);
      TakenApart taken = parse(recorded.bytes(), 1 << 20);
      assertSame(taken, recorded);
      assertThat(taken.outline)
          .isEqualTo(
              new StreamOutline(
                  ByteString.copyFrom(recorded.prefix),
                  3,
                  kind.rounds,
                  kind == Kind.ROUNDS_10
                      ? ByteString.copyFrom(new byte[] {8, 0, 11, 0, 0})
                      : ByteString.EMPTY));
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldTakeItInPiecesOfAnyLength(Kind kind) throws IOException {
    RecordedStream recorded = RecordedStream.of(kind, 7);
    byte[] bytes = recorded.bytes();
    for (int length = 1; length < 5000; length += length < 300 ? 1 : 97) {
      assertSame(parse(bytes, length), recorded);
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldTakeItInTwoPiecesCutAnywhere(Kind kind) throws IOException {
    RecordedStream recorded = RecordedStream.of(kind, 8);
    byte[] bytes = recorded.bytes();
    for (int cut : recorded.structure) {
      TakenApart taken = new TakenApart();
      StreamParser parser = new StreamParser(taken);
      parser.feed(ByteBuffer.wrap(bytes, 0, cut));
      parser.feed(ByteBuffer.wrap(bytes, cut, bytes.length - cut));
      parser.finish();
      assertSame(taken, recorded);
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldRefuseAStreamThatEndsAnywhereBeforeItsEnd(Kind kind) throws IOException {
    byte[] bytes = RecordedStream.of(kind, 9).bytes();
    for (int length = 0; length < bytes.length; length++) {
      StreamParser parser = new StreamParser(new TakenApart());
      parser.feed(ByteBuffer.wrap(bytes, 0, length));
      assertThatThrownBy(parser::finish)
          .isInstanceOf(StreamException.class)
          .hasMessageContaining("the end of the stream within ")
          .hasMessageContaining("at byte " + length);
    }
  }

  @Test
  void shouldHandPagesOnAsPartsOfTheGivenBuffer() throws IOException {
    byte[] bytes = RecordedStream.of(Kind.INSTANT_7, 3).bytes();
    ByteBuffer whole = ByteBuffer.wrap(bytes);
    int[] pages = {0};
    StreamParser parser =
        new StreamParser(
            new NoSink() {
              @Override
              public void page(int block, long page, ByteBuffer content) {
                assertThat(content).isSameAs(whole);
                pages[0]++;
              }
            });
    parser.feed(whole);
    assertThat(whole.hasRemaining()).isFalse();
    assertThat(pages[0]).isPositive();
  }

  @ParameterizedTest
  @EnumSource
  void shouldCountPages(Kind kind) throws IOException {
    RecordedStream recorded = RecordedStream.of(kind, 11);
    StreamParser parser = new StreamParser(new TakenApart());
    parser.feed(ByteBuffer.wrap(recorded.bytes()));
    StreamCounts counts = parser.counts();
    assertThat(counts)
        .isEqualTo(
            new StreamCounts(recorded.pageEntries, recorded.zeroEntries, recorded.bytes().length));
    assertThat(counts.since(counts)).isEqualTo(StreamCounts.NONE);
  }

  private static byte[] patched(int at, int... values) {
    byte[] bytes = RecordedStream.of(Kind.INSTANT_7, 1).bytes();
    for (int i = 0; i < values.length; i++) {
      bytes[at + i] = (byte) values[i];
    }
    return bytes;
  }

  /** The head of a good stream, then entries of a PART. */
  private static byte[] part(int... entries) {
    byte[] good = RecordedStream.of(Kind.INSTANT_7, 1).bytes();
    int list = FIRST_BLOCK_AT + 3 + 3 * 8 + 6 + 20 + 8;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.write(good, 0, list + 8 + 5);
    for (int value : new int[] {2, 0, 0, 0, 3}) {
      bytes.write(value);
    }
    for (int value : entries) {
      bytes.write(value);
    }
    return bytes.toByteArray();
  }

  private static int partAt() {
    return part().length;
  }

  static Stream<Arguments> unknown() {
    return Stream.of(
        Arguments.of(patched(3, 'X'), "magic 0x51455658 and version 3", 0),
        Arguments.of(patched(7, 2), "version 2", 0),
        Arguments.of(patched(8, 1), "kind 0x01 where the configuration must be", 8),
        Arguments.of(patched(9, 0xff, 0xff), "the name of a machine with 4294901773 bytes", 8),
        Arguments.of(patched(START_AT, 5), "a subsection of the configuration", START_AT),
        Arguments.of(patched(START_AT, 9), "a section of kind 0x09", START_AT),
        Arguments.of(patched(START_AT, 4), "kind 0x04 before the RAM section", START_AT),
        Arguments.of(patched(START_AT, 8), "command 0 with 3 bytes", START_AT + 1),
        Arguments.of(patched(START_AT, 2), "section 3, which has not begun", START_AT + 1),
        Arguments.of(patched(START_AT + 6, 'b'), "a section bam, instance 0, version 4", 32),
        Arguments.of(patched(START_AT + 12, 1), "instance 1", 32),
        Arguments.of(patched(START_AT + 16, 5), "version 5", 32),
        Arguments.of(patched(LIST_AT + 7, 0x84), "flags 0x84 of an entry", LIST_AT),
        Arguments.of(patched(LIST_AT + 7, 0x10), "a mark in the RAM section with", LIST_AT),
        Arguments.of(patched(LIST_AT + 6, 0), "a list of blocks of", LIST_AT),
        Arguments.of(patched(FIRST_BLOCK_AT, 0), "a block without a name", FIRST_BLOCK_AT),
        Arguments.of(patched(FIRST_BLOCK_AT + 1, 7), "the name ?c.ram", FIRST_BLOCK_AT + 1),
        Arguments.of(patched(FIRST_BLOCK_AT + 14, 1), "block pc.ram of 24577 bytes", 52),
        Arguments.of(patched(FIRST_BLOCK_AT + 13, 0xf0), "with 45056 left", 52),
        Arguments.of(part(0, 0, 0, 0, 0, 0, 0, 0x28), "a page of the block before", partAt()),
        Arguments.of(part(0, 0, 0, 0, 0, 0, 0x10, 0x84), "flags 0x84", partAt()),
        Arguments.of(part(0, 0, 0, 0, 0, 0, 0x10, 4), "a second list of blocks", partAt()),
        Arguments.of(part(0, 0, 0, 0, 0, 0, 1, 0), "flags 0x100", partAt()),
        Arguments.of(
            part(0, 0, 0, 0, 0, 0, 0x60, 8, 6, 'p', 'c', '.', 'r', 'a', 'm'),
            "a page beyond block pc.ram: number 6",
            partAt() + 9),
        Arguments.of(
            part(0, 0, 0, 0, 0, 0, 0, 8, 2, 'n', 'o'), "a page of block no, which", partAt() + 9),
        Arguments.of(
            part(0, 0, 0, 0, 0, 0, 0, 2, 6, 'p', 'c', '.', 'r', 'a', 'm', 1),
            "a page filled with 1",
            partAt() + 15),
        Arguments.of(
            part(0, 0, 0, 0, 0, 0, 0, 0x10, 0x7e, 0, 0, 0, 4),
            "0x7e of section 4 where the RAM section's footer must be",
            partAt() + 8));
  }

  @ParameterizedTest
  @MethodSource("unknown")
  void shouldSayWhatItDoesNotKnowAndWhere(byte[] stream, String what, int offset) {
    StreamParser parser = new StreamParser(new TakenApart());
    assertThatThrownBy(
            () -> {
              parser.feed(ByteBuffer.wrap(stream));
              parser.finish();
            })
        .isInstanceOfSatisfying(
            StreamException.class, e -> assertThat(e.offset()).isEqualTo(offset))
        .hasMessageContaining(what)
        .hasMessageContaining(" at byte " + offset + ";");
    assertThatThrownBy(() -> parser.feed(ByteBuffer.wrap(stream)))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void shouldRefuseMoreAfterTheEnd() throws IOException {
    byte[] bytes = RecordedStream.of(Kind.INSTANT_7, 1).bytes();
    byte[] longer = Arrays.copyOf(bytes, bytes.length + 1);
    StreamParser parser = new StreamParser(new TakenApart());
    parser.feed(ByteBuffer.wrap(longer));
    assertThatThrownBy(parser::finish).hasMessageContaining("within the devices");
  }

  @Test
  void shouldRefuseDevicesThatAreTooLong() throws IOException {
    byte[] bytes = RecordedStream.of(Kind.INSTANT_7, 1).bytes();
    StreamParser parser = new StreamParser(new NoSink());
    parser.feed(ByteBuffer.wrap(bytes));
    ByteBuffer more = ByteBuffer.allocate(1 << 20);
    assertThatThrownBy(
            () -> {
              for (int i = 0; i <= StoredRest.MAX_BYTES / more.capacity(); i++) {
                parser.feed(more.clear());
              }
            })
        .hasMessageContaining("more than 67108864 bytes of devices");
  }

  @Test
  void shouldNotTakeWhatADeviceHoldsForTheEnd() throws IOException {
    byte[] stream = RecordedStream.of(Kind.INSTANT_7, 1).bytes();
    byte[] forged = "\0\6\0\0\0\4{}{}".getBytes(StandardCharsets.US_ASCII);
    int at = stream.length - 60;
    byte[] mixed = Arrays.copyOf(stream, stream.length + forged.length);
    System.arraycopy(forged, 0, mixed, at, forged.length);
    System.arraycopy(stream, at, mixed, at + forged.length, stream.length - at);
    assertThat(parse(mixed, 5).rest.size()).isGreaterThan(60);
    ByteString rest = ByteString.copyFrom(mixed).substring(at - 40);
    assertThat(EndMark.devicesIn(rest)).isEqualTo(rest.size() - 6 - 36);
  }

  @Test
  void shouldEndWithWhatTheSinkThrows() {
    byte[] stream = RecordedStream.of(Kind.INSTANT_7, 1).bytes();
    StreamParser parser =
        new StreamParser(
            new NoSink() {
              @Override
              public void block(String name, long bytes) throws IOException {
                throw new IOException("full");
              }
            });
    assertThatThrownBy(() -> parser.feed(ByteBuffer.wrap(stream))).hasMessage("full");
    assertThatThrownBy(parser::finish).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void shouldAllocateNothingForAPage() throws IOException {
    int pages = 20_000;
    byte[] head = part(0, 0, 0, 0, 0, 0, 0, 8, 6, 'p', 'c', '.', 'r', 'a', 'm');
    StreamParser parser = new StreamParser(new NoSink());
    parser.feed(ByteBuffer.wrap(head));
    ByteBuffer repeated = ByteBuffer.allocateDirect(8 * (4096 + 8));
    for (int i = 0; i < 8; i++) {
      repeated.position(repeated.position() + 4096).putLong(0x28);
    }
    long before = Allocated.byThisThread();
    for (int i = 0; i < pages; i += 8) {
      parser.feed(repeated.clear());
    }
    assertThat(Allocated.byThisThread() - before).isLessThan(pages);
    assertThat(parser.counts().pages()).isEqualTo(pages);
  }
}
