package io.vnsnap.store.transfer;

import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RecordedFrame;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.transfer.ExportFormat.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * Writes a snapshot as one file, from its start to its end. A page that comes several times is
 * written once, as far as {@link PageNumbers} goes. Memory is bounded whatever the snapshot's size.
 */
public final class SnapshotExport {
  private final SnapshotStore store;
  private final Manifest manifest;
  private final RecordSink sink;
  private final PageNumbers numbers = new PageNumbers();
  private final LongConsumer progress;
  private final ByteBuffer frames = ByteBuffer.allocate(ExportFormat.MAX_RECORD_BYTES);
  private long pages;
  private long read;

  private SnapshotExport(
      SnapshotStore store, Manifest manifest, RecordSink sink, LongConsumer progress) {
    this.store = store;
    this.manifest = manifest;
    this.sink = sink;
    this.progress = progress;
  }

  /**
   * What was written.
   *
   * @param bytes length of the file
   * @param pages in the file, memory and disks
   * @param readBytes content that was read from the store: what the file says
   */
  public record Written(long bytes, long pages, long readBytes) {}

  /**
   * Writes a sealed snapshot.
   *
   * @param out takes the file; is not closed
   * @param salt random
   * @param progress is told how many bytes of content have been read
   * @throws IOException if a disk is not in the store, or what is stored cannot be read; then what
   *     was written is no export file
   */
  public static Written write(
      SnapshotStore store,
      Manifest manifest,
      WritableByteChannel out,
      long salt,
      LongConsumer progress)
      throws IOException {
    refuseOtherDisks(manifest);
    return new SnapshotExport(store, manifest, new RecordSink(out, salt), progress).write();
  }

  private static void refuseOtherDisks(Manifest manifest) throws IOException {
    for (ImageRecord image : manifest.getImagesList()) {
      for (DiskRecord disk : image.getDisksList()) {
        if (disk.getObject().isEmpty()) {
          throw new IOException(
              "disk %s of VM %s is not in the store but in %s on host %s: snapshot %s cannot be exported"
                  .formatted(
                      disk.getName(),
                      image.getVm(),
                      disk.getFile(),
                      image.getHost(),
                      manifest.getSnapshotId()));
        }
      }
    }
  }

  private Written write() throws IOException {
    writeManifest();
    for (ImageRecord image : manifest.getImagesList()) {
      try (ImageReader reader = store.readImage(manifest.getSnapshotId(), image)) {
        writeImage(image.getVm(), "", ExportFormat.MEMORY_SHIFT, reader);
      }
      for (DiskRecord disk : image.getDisksList()) {
        try (ImageReader reader = store.readDisk(manifest.getSnapshotId(), disk)) {
          writeImage(image.getVm(), disk.getName(), ExportFormat.DISK_SHIFT, reader);
        }
      }
    }
    for (ChannelLogRecord log : manifest.getLogsList()) {
      writeLog(log);
    }
    sink.end(pages);
    return new Written(sink.bytes(), pages, read);
  }

  private void writeManifest() throws IOException {
    ByteBuffer content = ByteBuffer.wrap(manifest.toByteArray());
    while (content.hasRemaining()) {
      int bytes = Math.min(content.remaining(), ExportFormat.MAX_RECORD_BYTES);
      sink.record(Kind.MANIFEST, content.slice(content.position(), bytes));
      content.position(content.position() + bytes);
    }
  }

  private void writeImage(String vm, String disk, int shift, ImageReader reader)
      throws IOException {
    List<ImageReader.Block> blocks = reader.blocks();
    writeBegin(vm, disk, shift, blocks);
    long given = blocks.isEmpty() ? 0 : new PageWriter(shift).write(reader);
    long rest = writeRest(reader);
    sink.record(
        Kind.IMAGE_END, ByteBuffer.allocate(2 * Long.BYTES).putLong(given).putLong(rest).flip());
  }

  private void writeBegin(String vm, String disk, int shift, List<ImageReader.Block> blocks)
      throws IOException {
    if (blocks.size() > ExportFormat.MAX_BLOCKS) {
      throw new IOException(
          "VM %s has %d blocks of memory; an export file takes %d"
              .formatted(vm, blocks.size(), ExportFormat.MAX_BLOCKS));
    }
    ByteBuffer begin = ByteBuffer.allocate(ExportFormat.MAX_RECORD_BYTES);
    putName(begin, vm);
    putName(begin, disk);
    begin.put((byte) shift).putInt(blocks.size());
    for (ImageReader.Block block : blocks) {
      begin.putLong(block.bytes());
      putName(begin, block.name());
    }
    sink.record(Kind.IMAGE, begin.flip());
  }

  private static void putName(ByteBuffer into, String name) {
    byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
    into.put((byte) bytes.length).put(bytes);
  }

  private long writeRest(ImageReader reader) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(ExportFormat.TARGET_RECORD_BYTES);
    long bytes = 0;
    for (int n = reader.read(buffer); n >= 0; n = reader.read(buffer)) {
      bytes += n;
      count(n);
      if (!buffer.hasRemaining()) {
        sink.record(Kind.REST, buffer.flip());
        buffer.clear();
      }
    }
    if (buffer.position() > 0) {
      sink.record(Kind.REST, buffer.flip());
    }
    return bytes;
  }

  private void writeLog(ChannelLogRecord log) throws IOException {
    sink.record(Kind.LOG, ByteBuffer.allocate(Integer.BYTES).putInt(log.getTo()).flip());
    frames.clear();
    for (RecordedFrame frame : store.readChannelLog(manifest.getSnapshotId(), log)) {
      byte[] bytes = frame.toByteArray();
      if (frames.remaining() < Integer.BYTES + bytes.length) {
        flushFrames();
      }
      frames.putInt(bytes.length).put(bytes);
      count(bytes.length);
    }
    flushFrames();
  }

  private void flushFrames() throws IOException {
    if (frames.position() > 0) {
      sink.record(Kind.FRAMES, frames.flip());
      frames.clear();
    }
  }

  private void count(long bytes) {
    read += bytes;
    progress.accept(read);
  }

  /** Writes the pages of one image. */
  private final class PageWriter {
    private final int pageBytes;
    private final int most;
    private final ByteBuffer places;
    private final ByteBuffer contents;
    private final ByteBuffer references =
        ByteBuffer.allocate(
            ExportFormat.TARGET_RECORD_BYTES
                / ExportFormat.REFERENCE_BYTES
                * ExportFormat.REFERENCE_BYTES);

    PageWriter(int shift) {
      this.pageBytes = 1 << shift;
      this.most = ExportFormat.TARGET_RECORD_BYTES >> shift;
      this.places = ByteBuffer.allocate(most * ExportFormat.PLACE_BYTES);
      this.contents = ByteBuffer.allocate(most * pageBytes);
    }

    long write(ImageReader reader) throws IOException {
      long given = 0;
      try (ImageReader.PageScan scan = reader.scan()) {
        while (scan.next()) {
          ByteBuffer content = scan.content();
          if (content.remaining() != pageBytes) {
            throw new IllegalStateException(
                "a page of %d bytes, not %d".formatted(content.remaining(), pageBytes));
          }
          take(scan.block(), scan.page(), content);
          given++;
          count(pageBytes);
        }
      }
      flushPages();
      flushReferences();
      return given;
    }

    private void take(int block, long page, ByteBuffer content) throws IOException {
      long number = numbers.find(content, pages);
      if (number >= 0) {
        references.putInt(block).putLong(page).putLong(number);
        if (!references.hasRemaining()) {
          flushPages();
          flushReferences();
        }
        return;
      }
      places.putInt(block).putLong(page);
      contents.put(content.duplicate());
      pages++;
      if (!contents.hasRemaining()) {
        flushPages();
      }
    }

    private void flushPages() throws IOException {
      int count = places.position() / ExportFormat.PLACE_BYTES;
      if (count > 0) {
        ByteBuffer record =
            ByteBuffer.allocate(Short.BYTES + places.position() + contents.position());
        record.putShort((short) count).put(places.flip()).put(contents.flip()).flip();
        places.clear();
        contents.clear();
        sink.record(Kind.PAGES, record);
      }
    }

    /** After the pages: what is referred to must be in the file before. */
    private void flushReferences() throws IOException {
      if (references.position() > 0) {
        sink.record(Kind.REFERENCES, references.flip());
        references.clear();
      }
    }
  }
}
