package io.vnsnap.vm.qemu.stream;

import com.google.protobuf.ByteString;
import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.ImageReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Writes an image as a stream that QEMU takes: one START with the blocks, one PART with every page,
 * an END if there was one, and the rest as it was. Pages come in the order that is fastest to read,
 * then those that are zeros: they are told too, since QEMU fills some memory before it loads.
 *
 * <p>Nothing of the devices is written before every page was read and checked, and nothing at all
 * before the rest was: a QEMU that is given an image with damage anywhere cannot finish loading it.
 */
public final class StreamComposer {
  private static final int NO_BLOCK = -1;

  /** A page with the name of its block. */
  private static final int MAX_ENTRY_BYTES = Long.BYTES + 1 + 255 + Layout.PAGE_BYTES;

  private final ImageReader image;
  private final List<ImageReader.Block> blocks;
  private final ByteBuffer buffer;
  private final Output output;
  private int current = NO_BLOCK;

  /** Takes the stream. */
  @FunctionalInterface
  public interface Output {

    /** Takes all remaining bytes; the buffer is reused on return. */
    void write(ByteBuffer bytes) throws IOException;
  }

  private StreamComposer(ImageReader image, ByteBuffer buffer, Output output) {
    this.image = image;
    this.blocks = image.blocks();
    this.buffer = buffer.clear();
    this.output = output;
  }

  /**
   * Writes the whole stream. Blocks; does not close the image.
   *
   * @param buffer what is written goes through it: the larger, the fewer writes; at least 8 KiB
   * @throws DamagedSnapshotException if anything about the image is wrong; then not all was written
   */
  public static void compose(ImageReader image, ByteBuffer buffer, Output output)
      throws IOException {
    if (buffer.capacity() < 2 * Layout.PAGE_BYTES) {
      throw new IllegalArgumentException("a buffer of " + buffer.capacity() + " bytes");
    }
    StoredRest rest = StoredRest.read(image);
    new StreamComposer(image, buffer, output).compose(rest);
  }

  private void compose(StoredRest rest) throws IOException {
    StreamOutline outline = rest.outline();
    int ram = outline.ramSection();
    bytes(outline.prefix());
    start(ram);
    section(Layout.PART, ram);
    pages();
    zeroPages();
    endSection(ram);
    bytes(outline.commands());
    if (outline.ended()) {
      section(Layout.END, ram);
      endSection(ram);
    }
    bytes(rest.tail());
    flush();
  }

  private void start(int ram) throws IOException {
    room(MAX_ENTRY_BYTES);
    byte[] name = ascii(Layout.RAM);
    buffer.put((byte) Layout.START).putInt(ram).put((byte) name.length).put(name);
    buffer.putInt(Layout.RAM_INSTANCE).putInt(Layout.RAM_VERSION);
    long total = blocks.stream().mapToLong(ImageReader.Block::bytes).sum();
    buffer.putLong(total | Layout.BLOCKS);
    for (ImageReader.Block block : blocks) {
      room(MAX_ENTRY_BYTES);
      name(block);
      buffer.putLong(block.bytes());
    }
    endSection(ram);
  }

  private void pages() throws IOException {
    long given = 0;
    try (ImageReader.PageScan scan = image.scan()) {
      while (scan.next()) {
        room(MAX_ENTRY_BYTES);
        entry(scan.block(), scan.page(), Layout.PAGE);
        ByteBuffer content = scan.content();
        if (content.remaining() != Layout.PAGE_BYTES) {
          throw StreamOutline.damaged("it has a page of " + content.remaining() + " bytes");
        }
        buffer.put(content);
        given++;
      }
    }
    long expected = nonZeroPages();
    if (given != expected) {
      throw StreamOutline.damaged("it gave " + given + " pages and has " + expected);
    }
  }

  private long nonZeroPages() {
    long count = 0;
    for (int block = 0; block < blocks.size(); block++) {
      long pages = blocks.get(block).bytes() / Layout.PAGE_BYTES;
      for (long page = 0; page < pages; page++) {
        count += image.isZero(block, page) ? 0 : 1;
      }
    }
    return count;
  }

  private void zeroPages() throws IOException {
    for (int block = 0; block < blocks.size(); block++) {
      long pages = blocks.get(block).bytes() / Layout.PAGE_BYTES;
      for (long page = 0; page < pages; page++) {
        if (image.isZero(block, page)) {
          room(MAX_ENTRY_BYTES);
          entry(block, page, Layout.ZERO);
          buffer.put((byte) 0);
        }
      }
    }
  }

  private void entry(int block, long page, int flag) {
    long address = page * Layout.PAGE_BYTES;
    if (block == current) {
      buffer.putLong(address | flag | Layout.SAME_BLOCK);
    } else {
      buffer.putLong(address | flag);
      name(blocks.get(block));
      current = block;
    }
  }

  private void name(ImageReader.Block block) {
    byte[] name = ascii(block.name());
    buffer.put((byte) name.length).put(name);
  }

  private void section(int kind, int number) throws IOException {
    room(MAX_ENTRY_BYTES);
    buffer.put((byte) kind).putInt(number);
  }

  private void endSection(int number) throws IOException {
    room(MAX_ENTRY_BYTES);
    buffer.putLong(Layout.END_OF_SECTION).put((byte) Layout.FOOTER).putInt(number);
  }

  private void bytes(ByteString bytes) throws IOException {
    ByteBuffer left = bytes.asReadOnlyByteBuffer();
    while (left.hasRemaining()) {
      room(1);
      int n = Math.min(left.remaining(), buffer.remaining());
      buffer.put(buffer.position(), left, left.position(), n).position(buffer.position() + n);
      left.position(left.position() + n);
    }
  }

  private void room(int bytes) throws IOException {
    if (buffer.remaining() < bytes) {
      flush();
    }
  }

  private void flush() throws IOException {
    if (buffer.position() > 0) {
      output.write(buffer.flip());
      buffer.clear();
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
