package io.vnsnap.store.transfer;

import com.github.luben.zstd.Zstd;
import io.vnsnap.store.transfer.ExportFormat.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** Writes the records of an export file one after another. Used by one thread. */
final class RecordSink {
  private static final int ZSTD_LEVEL = 3;

  /** Compression that saves less than a sixteenth is not worth its time when reading. */
  private static final int LEAST_SAVING_SHIFT = 4;

  private final WritableByteChannel out;
  private final long salt;
  private final MessageDigest digest;
  private final ByteBuffer head = ByteBuffer.allocate(ExportFormat.RECORD_HEADER_BYTES);
  private final byte[] compressed =
      new byte[(int) Zstd.compressBound(ExportFormat.MAX_RECORD_BYTES)];
  private long offset;
  private long records;

  RecordSink(WritableByteChannel out, long salt) throws IOException {
    this.out = out;
    this.salt = salt;
    this.digest = sha256();
    write(ExportFormat.header(salt));
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** Bytes written so far. */
  long bytes() {
    return offset;
  }

  /** Writes a record: the remaining bytes of an array-backed buffer. */
  void record(Kind kind, ByteBuffer content) throws IOException {
    int raw = content.remaining();
    if (raw > ExportFormat.MAX_RECORD_BYTES) {
      throw new IllegalArgumentException("a record has at most 1 MiB, not " + raw + " bytes");
    }
    long packed =
        Zstd.compressByteArray(
            compressed,
            0,
            compressed.length,
            content.array(),
            content.arrayOffset() + content.position(),
            raw,
            ZSTD_LEVEL);
    boolean pays = !Zstd.isError(packed) && packed < raw - (raw >> LEAST_SAVING_SHIFT);
    ByteBuffer stored = pays ? ByteBuffer.wrap(compressed, 0, (int) packed) : content.duplicate();
    head.clear()
        .put((byte) kind.code)
        .put(pays ? ExportFormat.ZSTD : ExportFormat.RAW)
        .putShort((short) 0)
        .putInt(stored.remaining())
        .putInt(raw);
    head.putInt(ExportFormat.recordCrc(salt, offset, head.duplicate().flip(), stored.duplicate()))
        .flip();
    write(head);
    write(stored);
    records++;
  }

  /** Writes the last record. */
  void end(long pages) throws IOException {
    byte[] sha256 = digest.digest();
    ByteBuffer content = ByteBuffer.allocate(2 * Long.BYTES + sha256.length);
    record(Kind.END, content.putLong(records).putLong(pages).put(sha256).flip());
  }

  private void write(ByteBuffer bytes) throws IOException {
    offset += bytes.remaining();
    digest.update(bytes.duplicate());
    while (bytes.hasRemaining()) {
      if (out.write(bytes) <= 0) {
        throw new IOException("nothing more can be written");
      }
    }
  }
}
