package io.vnsnap.store.record;

import com.google.protobuf.ByteString;
import io.vnsnap.store.place.Place;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/**
 * Reads one stream object from its start, each byte checked before it is handed out. Used by one
 * thread.
 */
public final class RecordReader implements ChannelLogs.Content, Closeable {
  private final Place place;
  private final RecordKind kind;
  private final String name;
  private final Place.Input in;
  private final StreamHeader header;
  private final StreamLayout.Trailer trailer;
  private final MessageDigest digest = Sha256.digest();
  private final ByteBuffer chunk;
  private long position;
  private long content;

  private RecordReader(
      Place place,
      RecordKind kind,
      String name,
      Place.Input in,
      StreamHeader header,
      StreamLayout.Trailer trailer) {
    this.place = place;
    this.kind = kind;
    this.name = name;
    this.in = in;
    this.header = header;
    this.trailer = trailer;
    this.position = header.bytes();
    int payload = (int) Math.min(header.chunkBytes(), trailer.bytes());
    this.chunk = ByteBuffer.allocate(StreamLayout.CHUNK_HEADER_BYTES + payload).limit(0);
  }

  /**
   * Opens an object and checks header, trailer and length.
   *
   * @throws java.nio.file.NoSuchFileException if it is absent
   * @throws io.vnsnap.store.DamagedSnapshotException if one of them is wrong
   */
  public static RecordReader open(Place place, RecordKind kind, String name) throws IOException {
    Place.Input in = place.open(name);
    try {
      StreamHeader header = header(kind, name, in);
      return new RecordReader(place, kind, name, in, header, trailer(kind, in, header));
    } catch (IOException | RuntimeException e) {
      try (in) {
        throw e;
      }
    } catch (Flaw flaw) {
      try (in) {
        throw Damage.of(place, kind.word, name, flaw.what());
      }
    }
  }

  private static StreamHeader header(RecordKind kind, String name, Place.Input in)
      throws IOException, Flaw {
    int headerBytes = (int) Math.min(in.bytes(), StreamHeader.MAX_BYTES);
    StreamHeader header = StreamHeader.decode(readAt(in, 0, ByteBuffer.allocate(headerBytes)));
    Flaw.when(
        header.kindCode() != kind.code, "it is of kind %d, not a %s", header.kindCode(), kind.word);
    Flaw.when(!header.name().equals(name), "it is '%s', put in the wrong place", header.name());
    return header;
  }

  private static StreamLayout.Trailer trailer(RecordKind kind, Place.Input in, StreamHeader header)
      throws IOException, Flaw {
    long bytes = in.bytes();
    Flaw.when(
        bytes < header.bytes() + StreamLayout.TRAILER_BYTES, "it is cut short, or its end is");
    ByteBuffer last = ByteBuffer.allocate(StreamLayout.TRAILER_BYTES);
    var trailer =
        StreamLayout.Trailer.decode(
            readAt(in, bytes - StreamLayout.TRAILER_BYTES, last), header.salt());
    Flaw.when(
        trailer.bytes() < 0 || trailer.bytes() > kind.maxBytes,
        "its content of %d bytes is out of bounds",
        trailer.bytes());
    Flaw.when(
        StreamLayout.fileBytes(header, trailer.bytes()) != bytes,
        "its length of %d bytes is wrong",
        bytes);
    return trailer;
  }

  /** Length and digest of the content, as stored. */
  public StreamLayout.Trailer trailer() {
    return trailer;
  }

  /** Bytes of content not read yet. */
  @Override
  public long left() {
    return trailer.bytes() - content + chunk.remaining();
  }

  /**
   * Fills the buffer with the next bytes.
   *
   * @throws io.vnsnap.store.DamagedSnapshotException also if there are fewer
   */
  public void read(ByteBuffer into) throws IOException {
    if (into.remaining() > left()) {
      throw damaged("it ends too early");
    }
    while (into.hasRemaining()) {
      if (!chunk.hasRemaining()) {
        nextChunk();
      }
      int given = Math.min(into.remaining(), chunk.remaining());
      into.put(into.position(), chunk, chunk.position(), given);
      into.position(into.position() + given);
      chunk.position(chunk.position() + given);
    }
  }

  /** The next bytes; the caller has bounded their number. */
  @Override
  public byte[] read(int length) throws IOException {
    if (length < 0 || length > left()) {
      throw damaged("it ends too early");
    }
    byte[] bytes = new byte[length];
    read(ByteBuffer.wrap(bytes));
    return bytes;
  }

  /** The next byte, 0 to 255. */
  public int readByte() throws IOException {
    if (!chunk.hasRemaining()) {
      if (left() < 1) {
        throw damaged("it ends too early");
      }
      nextChunk();
    }
    return Byte.toUnsignedInt(chunk.get());
  }

  @Override
  public int readInt() throws IOException {
    if (chunk.remaining() >= Integer.BYTES) {
      return chunk.getInt();
    }
    return ByteBuffer.wrap(read(Integer.BYTES)).getInt();
  }

  public long readLong() throws IOException {
    if (chunk.remaining() >= Long.BYTES) {
      return chunk.getLong();
    }
    return ByteBuffer.wrap(read(Long.BYTES)).getLong();
  }

  /** After the last byte: whether the digest of all of them is right. */
  public void checkEnd() throws IOException {
    if (left() > 0) {
      throw damaged("it goes on for %d bytes after its end".formatted(left()));
    }
    if (!trailer.sha256().equals(ByteString.copyFrom(digest.digest()))) {
      throw damaged("the SHA-256 of its content is wrong");
    }
  }

  /** Says that the content is wrong. */
  @Override
  public IOException damaged(String what) {
    return Damage.of(place, kind.word, name, what);
  }

  private void nextChunk() throws IOException {
    int payload = (int) Math.min(header.chunkBytes(), trailer.bytes() - content);
    chunk.clear().limit(StreamLayout.CHUNK_HEADER_BYTES + payload);
    try {
      ByteBuffer unused = readAt(in, position, chunk);
      int length = chunk.getInt();
      int crc = chunk.getInt();
      Flaw.when(
          length != payload || crc != StreamLayout.chunkCrc(header.salt(), content, chunk),
          "the checksum of its bytes %d to %d is wrong",
          position,
          position + chunk.limit() - 1);
    } catch (Flaw flaw) {
      chunk.limit(0);
      throw damaged(flaw.what());
    } catch (IOException | RuntimeException e) {
      chunk.limit(0);
      throw e;
    }
    digest.update(chunk.duplicate());
    position += chunk.limit();
    content += payload;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  /** Fills the buffer and flips it to what it held before: from 0 to its limit. */
  private static ByteBuffer readAt(Place.Input in, long position, ByteBuffer into)
      throws IOException, Flaw {
    try {
      in.read(into, position);
    } catch (EOFException e) {
      throw new Flaw("it is cut short");
    }
    return into.flip();
  }
}
