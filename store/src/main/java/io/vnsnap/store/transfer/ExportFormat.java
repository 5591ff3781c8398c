package io.vnsnap.store.transfer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/** Layout of an export file, see {@code docs/export-format.md}. */
final class ExportFormat {
  static final int VERSION = 1;

  static final int HEADER_BYTES = 24;
  static final int RECORD_HEADER_BYTES = 16;

  /** Most bytes of a record's content, and of what is stored for it. */
  static final int MAX_RECORD_BYTES = 1 << 20;

  /** Content of a record that a writer aims at. */
  static final int TARGET_RECORD_BYTES = 256 << 10;

  /** Most bytes of a manifest. */
  static final int MAX_MANIFEST_BYTES = 16 << 20;

  /** Most blocks of memory of one image; a VM has some tens. */
  static final int MAX_BLOCKS = 1024;

  /** Most bytes of the name of a block. */
  static final int MAX_NAME_BYTES = 255;

  /** Most pages in a record of pages. */
  static final int MAX_PAGES = 0xffff;

  /** Block and number of a page. */
  static final int PLACE_BYTES = Integer.BYTES + Long.BYTES;

  static final int REFERENCE_BYTES = PLACE_BYTES + Long.BYTES;

  static final int MEMORY_SHIFT = 12;
  static final int DISK_SHIFT = 16;

  static final byte RAW = 0;
  static final byte ZSTD = 1;

  private static final byte[] MAGIC = "VNSNAPEX".getBytes(StandardCharsets.US_ASCII);

  /** What a record holds. */
  enum Kind {
    /** A piece of the manifest. */
    MANIFEST(1),
    /** Begins the image of a VM's memory or of a disk. */
    IMAGE(2),
    /** Pages, each with its place in the image. */
    PAGES(3),
    /** Places of pages that the file has already. */
    REFERENCES(4),
    /** A piece of what is no memory. */
    REST(5),
    /** Ends an image. */
    IMAGE_END(6),
    /** Begins a channel log. */
    LOG(7),
    /** Recorded frames. */
    FRAMES(8),
    /** Ends the file. */
    END(9);

    final int code;

    Kind(int code) {
      this.code = code;
    }
  }

  private ExportFormat() {}

  static byte[] magic() {
    return MAGIC.clone();
  }

  /** Header of a file. */
  static ByteBuffer header(long salt) {
    ByteBuffer header =
        ByteBuffer.allocate(HEADER_BYTES)
            .put(MAGIC)
            .putShort((short) VERSION)
            .putShort((short) 0)
            .putLong(salt);
    return header.putInt(crc(header.duplicate().flip())).flip();
  }

  static int crc(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  /**
   * Checksum of a record.
   *
   * @param header its first 12 bytes
   * @param stored what follows the header
   */
  static int recordCrc(long salt, long offset, ByteBuffer header, ByteBuffer stored) {
    CRC32C crc = new CRC32C();
    crc.update(ByteBuffer.allocate(2 * Long.BYTES).putLong(salt).putLong(offset).flip());
    crc.update(header);
    crc.update(stored);
    return (int) crc.getValue();
  }
}
