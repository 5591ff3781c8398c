package io.vnsnap.vm.qemu.lazy;

import io.vnsnap.store.ImageReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Pages as they go on the stream after the {@link Opening}: in parts of the RAM section, each with
 * any number of them. Each page names its block, so that one may be left out of a part without the
 * others changing. (QEMU, migration/ram.c, ram_load_postcopy.)
 */
final class PageRecords {
  static final byte SECTION_START = 1;
  static final byte COMMAND = 8;
  static final long FLAG_BLOCKS = 0x04;

  private static final byte SECTION_PART = 2;
  private static final byte SECTION_END = 3;
  private static final byte SECTION_FOOTER = 0x7e;
  private static final byte STREAM_END = 0;
  private static final long FLAG_ZERO = 0x02;
  private static final long FLAG_RAW = 0x08;
  private static final long FLAG_END = 0x10;
  private static final int MAX_NAME_BYTES = 255;

  /** Most bytes of a part beside its pages. */
  static final int AROUND_BYTES = 32;

  /** Most bytes of one page's record. */
  static final int MAX_RECORD_BYTES = Long.BYTES + 1 + MAX_NAME_BYTES + ImageReader.PAGE_BYTES;

  private final int section;
  private final byte[][] names;

  /**
   * @param section number of the RAM section
   */
  PageRecords(int section, List<ImageReader.Block> blocks) {
    this.section = section;
    this.names =
        blocks.stream()
            .map(block -> block.name().getBytes(StandardCharsets.US_ASCII))
            .toArray(byte[][]::new);
  }

  /** Begins a part. */
  void begin(ByteBuffer out) {
    out.put(SECTION_PART).putInt(section);
  }

  /** Begins a page's record; its content must follow. */
  void page(ByteBuffer out, int block, long page) {
    address(out, block, page, FLAG_RAW);
  }

  /** The whole record of a page of zeros. */
  void zeroPage(ByteBuffer out, int block, long page) {
    address(out, block, page, FLAG_ZERO);
    out.put((byte) 0);
  }

  private void address(ByteBuffer out, int block, long page, long flag) {
    byte[] name = names[block];
    out.putLong(page * ImageReader.PAGE_BYTES | flag).put((byte) name.length).put(name);
  }

  /** Ends a part. */
  void end(ByteBuffer out) {
    endSection(out, section);
  }

  /** Says that all pages were sent. */
  void finish(ByteBuffer out) {
    out.put(SECTION_END).putInt(section);
    endSection(out, section);
    out.put(STREAM_END);
  }

  static void endSection(ByteBuffer out, int section) {
    out.putLong(FLAG_END).put(SECTION_FOOTER).putInt(section);
  }
}
