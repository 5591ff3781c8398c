package io.vnsnap.store.transfer;

import com.google.protobuf.InvalidProtocolBufferException;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RecordedFrame;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.transfer.ExportFormat.Kind;
import io.vnsnap.store.transfer.RecordSource.Entry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Reads an export file from its start to its end and gives what it holds. Everything is checked
 * before it is given, but that the file is whole is known only when {@link #read} has returned.
 * Used by one thread.
 */
final class ExportReader {
  private final RecordSource source;
  private final PageFinder finder;
  private final Content content;
  private final ByteArrayOutputStream manifest = new ByteArrayOutputStream();
  private State state = State.MANIFEST;
  private List<ImageReader.Block> blocks = List.of();
  private int shift;
  private long given;
  private long rest;

  /** Where in the file the reader is. */
  private enum State {
    /** At its start: pieces of the manifest follow. */
    MANIFEST,
    /** Between images. */
    IMAGES,
    /** In an image. */
    IMAGE,
    /** In a channel log. */
    LOG
  }

  /** What the file holds, in the order in which it does. Buffers are only valid during a call. */
  interface Content {

    void manifest(Manifest manifest) throws IOException;

    /**
     * Begins an image.
     *
     * @param disk empty: memory and devices
     */
    void image(String vm, String disk, List<ImageReader.Block> blocks) throws IOException;

    void page(int block, long page, ByteBuffer bytes) throws IOException;

    void rest(ByteBuffer bytes) throws IOException;

    void endImage() throws IOException;

    /** Begins a channel log. */
    void log(int to) throws IOException;

    void frame(RecordedFrame frame) throws IOException;

    /** The file was right to its end. */
    void end() throws IOException;
  }

  private ExportReader(RecordSource source, Content content) {
    this.source = source;
    this.finder = new PageFinder(source);
    this.content = content;
  }

  /**
   * Reads a file.
   *
   * @throws DamagedExportException if it is not what was written, with what is wrong and where
   */
  static void read(SeekableByteChannel file, Content content) throws IOException {
    new ExportReader(new RecordSource(file), content).read();
  }

  private void read() throws IOException {
    Entry record = source.next();
    while (record.kind() != Kind.END) {
      take(record);
      record = source.next();
    }
    if (state == State.MANIFEST) {
      giveManifest(record);
    }
    end(record);
  }

  private void take(Entry record) throws IOException {
    if (state == State.MANIFEST && record.kind() != Kind.MANIFEST) {
      giveManifest(record);
    }
    switch (record.kind()) {
      case MANIFEST -> {
        need(record, state == State.MANIFEST);
        takeManifest(record);
      }
      case IMAGE -> {
        need(record, state == State.IMAGES);
        beginImage(record);
      }
      case PAGES -> {
        need(record, state == State.IMAGE);
        givePages(record);
      }
      case REFERENCES -> {
        need(record, state == State.IMAGE);
        giveReferences(record);
      }
      case REST -> {
        need(record, state == State.IMAGE);
        rest += record.content().remaining();
        content.rest(record.content());
      }
      case IMAGE_END -> {
        need(record, state == State.IMAGE);
        endImage(record);
      }
      case LOG -> {
        need(record, state == State.IMAGES || state == State.LOG);
        beginLog(record);
      }
      case FRAMES -> {
        need(record, state == State.LOG);
        giveFrames(record);
      }
      case END -> throw new IllegalStateException("the end is looked for before");
    }
  }

  private static void need(Entry record, boolean right) throws DamagedExportException {
    if (!right) {
      throw RecordSource.damaged(
          record.offset(), "a record of kind %s is out of place".formatted(record.kind()));
    }
  }

  private static void need(Entry record, boolean right, String what) throws DamagedExportException {
    if (!right) {
      throw RecordSource.damaged(record.offset(), what);
    }
  }

  private void takeManifest(Entry record) throws DamagedExportException {
    need(
        record,
        manifest.size() + record.content().remaining() <= ExportFormat.MAX_MANIFEST_BYTES,
        "its manifest is too long");
    byte[] piece = new byte[record.content().remaining()];
    record.content().get(piece);
    manifest.writeBytes(piece);
  }

  private void giveManifest(Entry after) throws IOException {
    need(after, manifest.size() > 0, "it has no manifest");
    state = State.IMAGES;
    try {
      content.manifest(Manifest.parseFrom(manifest.toByteArray()));
    } catch (InvalidProtocolBufferException e) {
      throw RecordSource.damaged(after.offset(), "its manifest cannot be read: " + e.getMessage());
    }
    manifest.reset();
  }

  private void beginImage(Entry record) throws IOException {
    ByteBuffer in = record.content();
    String vm = name(record, in);
    String disk = name(record, in);
    need(record, in.remaining() >= 1 + Integer.BYTES, "the beginning of an image is cut short");
    shift = in.get();
    need(
        record,
        shift == (disk.isEmpty() ? ExportFormat.MEMORY_SHIFT : ExportFormat.DISK_SHIFT),
        "an image has pages of another size");
    int count = in.getInt();
    need(record, count >= 0 && count <= ExportFormat.MAX_BLOCKS, "an image has too many blocks");
    List<ImageReader.Block> found = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      need(record, in.remaining() >= Long.BYTES, "the beginning of an image is cut short");
      long bytes = in.getLong();
      need(
          record,
          bytes >= 0 && bytes >> shift <= Integer.MAX_VALUE && bytes % (1L << shift) == 0,
          "a block of an image has a length that makes no sense");
      String block = name(record, in);
      need(
          record,
          !block.isEmpty() && found.stream().noneMatch(other -> other.name().equals(block)),
          "a block of an image has no name of its own");
      found.add(new ImageReader.Block(block, bytes));
    }
    need(record, !in.hasRemaining(), "the beginning of an image is too long");
    blocks = List.copyOf(found);
    given = 0;
    rest = 0;
    state = State.IMAGE;
    content.image(vm, disk, blocks);
  }

  private static String name(Entry record, ByteBuffer in) throws DamagedExportException {
    int length = in.hasRemaining() ? Byte.toUnsignedInt(in.get()) : Integer.MAX_VALUE;
    need(record, in.remaining() >= length, "a name is cut short");
    byte[] bytes = new byte[length];
    in.get(bytes);
    for (byte b : bytes) {
      need(record, b > ' ' && b < 0x7f, "a name has characters that it must not have");
    }
    return new String(bytes, StandardCharsets.US_ASCII);
  }

  private void givePages(Entry record) throws IOException {
    PageFinder.Pages pages = PageFinder.Pages.of(record, 1 << shift);
    finder.add(record, pages.count());
    for (int i = 0; i < pages.count(); i++) {
      givePage(
          record,
          pages.places().getInt(i * ExportFormat.PLACE_BYTES),
          pages.places().getLong(i * ExportFormat.PLACE_BYTES + Integer.BYTES),
          pages.content(i));
    }
  }

  private void giveReferences(Entry record) throws IOException {
    ByteBuffer in = record.content();
    need(
        record,
        in.hasRemaining() && in.remaining() % ExportFormat.REFERENCE_BYTES == 0,
        "a record of references has a wrong length");
    while (in.hasRemaining()) {
      int block = in.getInt();
      long page = in.getLong();
      givePage(record, block, page, finder.page(in.getLong(), 1 << shift, record.offset()));
    }
  }

  private void givePage(Entry record, int block, long page, ByteBuffer bytes) throws IOException {
    need(
        record,
        block >= 0
            && block < blocks.size()
            && page >= 0
            && page < blocks.get(block).bytes() >> shift,
        "a page lies outside of its image");
    given++;
    content.page(block, page, bytes);
  }

  private void endImage(Entry record) throws IOException {
    ByteBuffer in = record.content();
    need(
        record,
        in.remaining() == 2 * Long.BYTES && in.getLong() == given && in.getLong() == rest,
        "an image has not all its pages, or too many");
    state = State.IMAGES;
    content.endImage();
  }

  private void beginLog(Entry record) throws IOException {
    ByteBuffer in = record.content();
    need(record, in.remaining() == Integer.BYTES && in.getInt(0) >= 0, "a log has no VNIC");
    state = State.LOG;
    content.log(in.getInt());
  }

  private void giveFrames(Entry record) throws IOException {
    ByteBuffer in = record.content();
    while (in.hasRemaining()) {
      int length = in.remaining() < Integer.BYTES ? -1 : in.getInt();
      need(record, length >= 0 && length <= in.remaining(), "a recorded frame is cut short");
      byte[] frame = new byte[length];
      in.get(frame);
      try {
        content.frame(RecordedFrame.parseFrom(frame));
      } catch (InvalidProtocolBufferException e) {
        throw RecordSource.damaged(
            record.offset(), "a recorded frame cannot be read: " + e.getMessage());
      }
    }
  }

  private void end(Entry record) throws IOException {
    need(record, state == State.IMAGES || state == State.LOG);
    ByteBuffer in = record.content();
    byte[] sha256 = new byte[32];
    need(record, in.remaining() == 2 * Long.BYTES + sha256.length, "its end is cut short");
    long records = in.getLong();
    long pages = in.getLong();
    in.get(sha256);
    need(
        record,
        records == source.records() - 1 && pages == finder.pages(),
        "records or pages are missing");
    need(record, Arrays.equals(sha256, source.sha256()), "its SHA-256 is wrong");
    need(record, source.atEnd(), "there is more after its end");
    content.end();
  }
}
