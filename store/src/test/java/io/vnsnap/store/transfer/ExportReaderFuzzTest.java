package io.vnsnap.store.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RecordedFrame;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.transfer.ExportFormat.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.Tuple.Tuple2;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Files whose checksums are right and whose content is anything. */
class ExportReaderFuzzTest {
  private static Path file = Path.of("");

  @BeforeContainer
  static void makeFile() throws IOException {
    file = Files.createTempFile("fuzz", ".export");
  }

  @AfterContainer
  static void removeFile() throws IOException {
    Files.delete(file);
  }

  @Property(tries = 2000)
  void shouldRefuseRecordsInAnyOrderWithAnyContent(
      @ForAll("records") List<Tuple2<Kind, byte[]>> records) throws IOException {
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
      RecordSink sink = new RecordSink(out, 7);
      for (Tuple2<Kind, byte[]> record : records) {
        sink.record(record.get1(), ByteBuffer.wrap(record.get2()));
      }
      sink.end(0);
    }
    Bounded content = new Bounded();
    assertThatCode(() -> read(content))
        .satisfiesAnyOf(
            thrown -> assertThat(thrown).isNull(),
            thrown -> assertThat(thrown).isInstanceOf(DamagedExportException.class));
  }

  @Property(tries = 1000)
  void shouldRefuseAnyBytes(@ForAll byte[] bytes) throws IOException {
    byte[] header = ExportFormat.header(7).array();
    Files.write(file, header);
    Files.write(file, bytes, StandardOpenOption.APPEND);
    assertThatCode(() -> read(new Bounded())).isInstanceOf(DamagedExportException.class);
  }

  private static void read(ExportReader.Content content) throws IOException {
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
      ExportReader.read(in, content);
    }
  }

  @Provide
  Arbitrary<List<Tuple2<Kind, byte[]>>> records() {
    Arbitrary<Kind> kinds = Arbitraries.of(Kind.class).filter(kind -> kind != Kind.END);
    Arbitrary<byte[]> any = Arbitraries.bytes().array(byte[].class).ofMaxSize(64);
    Arbitrary<byte[]> image =
        Arbitraries.integers()
            .between(0, 2)
            .map(blocks -> {
              ByteBuffer begin = ByteBuffer.allocate(64);
              begin.put((byte) 1).put((byte) 'a').put((byte) 0).put((byte) 12).putInt(blocks);
              for (int i = 0; i < blocks; i++) {
                begin.putLong(8192).put((byte) 1).put((byte) ('x' + i));
              }
              byte[] bytes = new byte[begin.position()];
              begin.flip().get(bytes);
              return bytes;
            });
    Arbitrary<byte[]> pages =
        Combinators.combine(
                Arbitraries.integers().between(0, 2), Arbitraries.integers().between(-1, 3))
            .as((block, page) ->
                ByteBuffer.allocate(2 + 12 + 4096)
                    .putShort((short) 1)
                    .putInt(block)
                    .putLong(page)
                    .array());
    Arbitrary<byte[]> references =
        Combinators.combine(
                Arbitraries.integers().between(0, 1), Arbitraries.longs().between(-1, 3))
            .as((block, number) ->
                ByteBuffer.allocate(20).putInt(block).putLong(0).putLong(number).array());
    Arbitrary<Tuple2<Kind, byte[]>> record =
        Arbitraries.oneOf(
            Combinators.combine(kinds, any).as(Tuple::of),
            Arbitraries.just(
                Tuple.of(
                    Kind.MANIFEST, Manifest.newBuilder().setSnapshotId("s").build().toByteArray())),
            image.map(bytes -> Tuple.of(Kind.IMAGE, bytes)),
            pages.map(bytes -> Tuple.of(Kind.PAGES, bytes)),
            references.map(bytes -> Tuple.of(Kind.REFERENCES, bytes)),
            Arbitraries.longs()
                .between(0, 3)
                .map(given ->
                    Tuple.of(
                        Kind.IMAGE_END,
                        ByteBuffer.allocate(16).putLong(given).putLong(0).array())));
    return record.list().ofMaxSize(12);
  }

  /** Checks that nothing is given that is not within its bounds. */
  private static final class Bounded implements ExportReader.Content {
    private List<ImageReader.Block> blocks = List.of();

    @Override
    public void manifest(Manifest manifest) {}

    @Override
    public void image(String vm, String disk, List<ImageReader.Block> found) {
      blocks = found;
    }

    @Override
    public void page(int block, long page, ByteBuffer bytes) {
      assertThat(page).isBetween(0L, blocks.get(block).bytes() / bytes.remaining() - 1);
    }

    @Override
    public void rest(ByteBuffer bytes) {}

    @Override
    public void endImage() {}

    @Override
    public void log(int to) {
      assertThat(to).isNotNegative();
    }

    @Override
    public void frame(RecordedFrame frame) {}

    @Override
    public void end() {}
  }
}
