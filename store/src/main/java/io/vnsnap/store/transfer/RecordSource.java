package io.vnsnap.store.transfer;

import com.github.luben.zstd.Zstd;
import io.vnsnap.store.transfer.ExportFormat.Kind;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.security.MessageDigest;
import java.util.Arrays;

/**
 * Reads the records of an export file, each checked before it is given. Allocates no more than a
 * record's bounds, whatever the file says. Used by one thread.
 */
final class RecordSource {
  private final SeekableByteChannel in;
  private final long salt;
  private final MessageDigest digest = RecordSink.sha256();
  private byte[] sha256 = new byte[0];
  private long offset;
  private long records;

  /**
   * A record.
   *
   * @param offset where it begins in the file
   * @param end where it ends
   * @param content read-only, from position 0 to its limit
   */
  record Entry(Kind kind, long offset, long end, ByteBuffer content) {}

  RecordSource(SeekableByteChannel in) throws IOException {
    this.in = in;
    ByteBuffer header = read(0, ExportFormat.HEADER_BYTES);
    byte[] magic = ExportFormat.magic();
    byte[] found = new byte[magic.length];
    header.get(found);
    if (!Arrays.equals(found, magic)) {
      throw damaged(0, "it is no export file of VNsnap");
    }
    int version = Short.toUnsignedInt(header.getShort());
    header.getShort();
    this.salt = header.getLong();
    int crc = ExportFormat.crc(header.duplicate().flip());
    if (crc != header.getInt()) {
      throw damaged(0, "the checksum of its header is wrong");
    }
    if (version != ExportFormat.VERSION) {
      throw damaged(
          0,
          "it has version %d, and this program reads version %d"
              .formatted(version, ExportFormat.VERSION));
    }
    digest.update(header.rewind());
    offset = ExportFormat.HEADER_BYTES;
  }

  /** Number of records read so far. */
  long records() {
    return records;
  }

  /** Bytes read so far. */
  long offset() {
    return offset;
  }

  /** Digest of all that came before the last record. */
  byte[] sha256() {
    return sha256.clone();
  }

  /** Whether nothing follows. */
  boolean atEnd() throws IOException {
    return in.size() == offset;
  }

  /** The next record. */
  Entry next() throws IOException {
    Entry record = read(offset, true);
    offset = record.end();
    records++;
    return record;
  }

  /** The record at an offset that was read before. */
  Entry again(long at) throws IOException {
    return read(at, false);
  }

  private Entry read(long at, boolean first) throws IOException {
    ByteBuffer header = read(at, ExportFormat.RECORD_HEADER_BYTES);
    Kind kind = kind(at, header.get());
    byte codec = header.get();
    int reserved = header.getShort();
    int stored = header.getInt();
    int raw = header.getInt();
    if (stored < 0
        || stored > ExportFormat.MAX_RECORD_BYTES
        || raw < 0
        || raw > ExportFormat.MAX_RECORD_BYTES
        || reserved != 0) {
      throw damaged(at, "the header of a record makes no sense");
    }
    ByteBuffer content = read(at + ExportFormat.RECORD_HEADER_BYTES, stored);
    int crc = ExportFormat.recordCrc(salt, at, header.duplicate().flip(), content.duplicate());
    if (crc != header.getInt()) {
      throw damaged(at, "the checksum of a record is wrong");
    }
    if (first) {
      hash(kind, header.rewind(), content.duplicate());
    }
    return new Entry(
        kind,
        at,
        at + ExportFormat.RECORD_HEADER_BYTES + stored,
        unpack(at, codec, content, raw).asReadOnlyBuffer());
  }

  private void hash(Kind kind, ByteBuffer header, ByteBuffer stored) {
    if (kind == Kind.END) {
      sha256 = digest.digest();
    } else {
      digest.update(header);
      digest.update(stored);
    }
  }

  private static Kind kind(long at, byte code) throws DamagedExportException {
    for (Kind kind : Kind.values()) {
      if (kind.code == code) {
        return kind;
      }
    }
    throw damaged(at, "there is no kind of record " + code);
  }

  private static ByteBuffer unpack(long at, byte codec, ByteBuffer stored, int raw)
      throws DamagedExportException {
    if (codec == ExportFormat.RAW && stored.remaining() == raw) {
      return stored;
    }
    if (codec != ExportFormat.ZSTD) {
      throw damaged(at, "a record is packed in an unknown way");
    }
    byte[] content = new byte[raw];
    long unpacked =
        Zstd.decompressByteArray(
            content, 0, raw, stored.array(), stored.arrayOffset(), stored.remaining());
    if (Zstd.isError(unpacked) || unpacked != raw) {
      throw damaged(at, "a record cannot be unpacked");
    }
    return ByteBuffer.wrap(content);
  }

  private ByteBuffer read(long at, int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    in.position(at);
    while (buffer.hasRemaining()) {
      int n;
      try {
        n = in.read(buffer);
      } catch (EOFException e) {
        n = -1;
      }
      if (n < 0) {
        throw damaged(at + buffer.position(), "it ends here, in the middle");
      }
    }
    return buffer.flip();
  }

  static DamagedExportException damaged(long at, String what) {
    return new DamagedExportException("%s (at byte %d)".formatted(what, at));
  }
}
