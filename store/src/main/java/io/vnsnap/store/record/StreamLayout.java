package io.vnsnap.store.record;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** Chunks and trailer of a stream object: their layout and their checksums. */
public final class StreamLayout {
  /** Length and checksum before each payload. */
  static final int CHUNK_HEADER_BYTES = 8;

  public static final int SHA256_BYTES = 32;
  static final int TRAILER_BYTES = 4 + 8 + SHA256_BYTES + 4;

  private StreamLayout() {}

  /**
   * The last bytes of a stream object.
   *
   * @param bytes length of the content
   * @param sha256 of the content
   */
  public record Trailer(long bytes, ByteString sha256) {

    ByteBuffer encode(long salt) {
      ByteBuffer out = ByteBuffer.allocate(TRAILER_BYTES);
      out.putInt(0).putLong(bytes).put(sha256.asReadOnlyByteBuffer());
      out.putInt(crc(salt, out.duplicate().flip()));
      return out.flip();
    }

    static Trailer decode(ByteBuffer in, long salt) throws Flaw {
      ByteBuffer checked = in.slice(in.position(), TRAILER_BYTES - Integer.BYTES);
      int mark = in.getInt();
      long bytes = in.getLong();
      ByteString sha256 = ByteString.copyFrom(in, SHA256_BYTES);
      Flaw.when(
          in.getInt() != crc(salt, checked) || mark != 0,
          "it is cut short, or its trailer is damaged");
      return new Trailer(bytes, sha256);
    }

    private static int crc(long salt, ByteBuffer covered) {
      CRC32C crc = new CRC32C();
      crc.update(ByteBuffer.allocate(Long.BYTES).putLong(salt).flip());
      crc.update(covered);
      return (int) crc.getValue();
    }
  }

  /** Checksum of a chunk; leaves the payload's position alone. */
  static int chunkCrc(long salt, long offset, ByteBuffer payload) {
    CRC32C crc = new CRC32C();
    crc.update(
        ByteBuffer.allocate(20).putLong(salt).putLong(offset).putInt(payload.remaining()).flip());
    crc.update(payload.duplicate());
    return (int) crc.getValue();
  }

  /** How long an object with so much content is. */
  static long fileBytes(StreamHeader header, long content) {
    long chunks = Math.ceilDiv(content, (long) header.chunkBytes());
    return header.bytes() + content + chunks * CHUNK_HEADER_BYTES + TRAILER_BYTES;
  }
}
