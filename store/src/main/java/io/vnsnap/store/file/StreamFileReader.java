package io.vnsnap.store.file;

import com.google.protobuf.ByteString;
import io.vnsnap.store.place.Disk;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;

/**
 * Reads one stream file chunk by chunk, each checked before it is handed out. Used by one thread.
 */
final class StreamFileReader implements Closeable {
  private final Part part;
  private final Disk.Input in;
  private final StreamHeader header;
  private final StreamLayout.Trailer trailer;
  private long position;
  private long content;

  private StreamFileReader(
      Part part, Disk.Input in, StreamHeader header, StreamLayout.Trailer trailer) {
    this.part = part;
    this.in = in;
    this.header = header;
    this.trailer = trailer;
    this.position = header.bytes();
  }

  /**
   * Opens a file and checks header, trailer and length.
   *
   * @throws NoSuchFileException if it is absent
   * @throws io.vnsnap.store.DamagedSnapshotException if one of them is wrong
   */
  static StreamFileReader open(Disk disk, Part part) throws IOException {
    Disk.Kind kind = disk.kind(part.file());
    if (kind == Disk.Kind.FOLDER || kind == Disk.Kind.OTHER) {
      throw Area.damaged(part, "it is not a file (symbolic links are not followed)");
    }
    Disk.Input in = disk.open(part.file());
    try {
      long fileBytes = in.bytes();
      StreamHeader header = header(part, in, fileBytes);
      return new StreamFileReader(part, in, header, trailer(part, in, fileBytes, header));
    } catch (IOException e) {
      try (in) {
        throw e;
      }
    } catch (Flaw flaw) {
      try (in) {
        throw Area.damaged(part, flaw.what());
      }
    }
  }

  private static StreamHeader header(Part part, Disk.Input in, long fileBytes)
      throws IOException, Flaw {
    int headerBytes = (int) Math.min(fileBytes, StreamHeader.MAX_BYTES);
    StreamHeader header = StreamHeader.decode(readAt(in, 0, ByteBuffer.allocate(headerBytes)));
    Flaw.when(
        header.kindCode() != part.kind().code,
        "it is of kind %d, not a %s".formatted(header.kindCode(), part.kind().word));
    Flaw.when(
        !header.name().equals(part.name()),
        "it is '%s', put in the wrong place".formatted(header.name()));
    return header;
  }

  private static StreamLayout.Trailer trailer(
      Part part, Disk.Input in, long fileBytes, StreamHeader header) throws IOException, Flaw {
    Flaw.when(
        fileBytes < header.bytes() + StreamLayout.TRAILER_BYTES, "it is cut short, or its end is");
    ByteBuffer bytes = ByteBuffer.allocate(StreamLayout.TRAILER_BYTES);
    var trailer =
        StreamLayout.Trailer.decode(
            readAt(in, fileBytes - StreamLayout.TRAILER_BYTES, bytes), header.salt());
    Flaw.when(
        trailer.bytes() < 0 || trailer.bytes() > part.kind().maxBytes,
        "its content of %d bytes is out of bounds".formatted(trailer.bytes()));
    Flaw.when(
        StreamLayout.fileBytes(header, trailer.bytes()) != fileBytes,
        "its length of %d bytes is wrong".formatted(fileBytes));
    return trailer;
  }

  StreamLayout.Trailer trailer() {
    return trailer;
  }

  /** Room a buffer needs for {@link #next}. */
  int bufferBytes() {
    return StreamLayout.CHUNK_HEADER_BYTES + (int) Math.min(header.chunkBytes(), trailer.bytes());
  }

  /**
   * Reads the next chunk.
   *
   * @return false after the last one; else the payload is between the buffer's position and limit
   */
  boolean next(ByteBuffer into) throws IOException {
    if (content == trailer.bytes()) {
      return false;
    }
    int payload = (int) Math.min(header.chunkBytes(), trailer.bytes() - content);
    into.clear().limit(StreamLayout.CHUNK_HEADER_BYTES + payload);
    try {
      readAt(in, position, into);
      int length = into.getInt();
      int crc = into.getInt();
      Flaw.when(
          length != payload || crc != StreamLayout.chunkCrc(header.salt(), content, into),
          "the checksum of its bytes %d to %d is wrong"
              .formatted(position, position + into.limit() - 1));
    } catch (Flaw flaw) {
      throw Area.damaged(part, flaw.what());
    }
    position += into.limit();
    content += payload;
    return true;
  }

  /** Checks what was computed over all chunks. */
  void checkDigest(byte[] sha256) throws IOException {
    if (!trailer.sha256().equals(ByteString.copyFrom(sha256))) {
      throw Area.damaged(part, "the SHA-256 of its content is wrong");
    }
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  /** Fills the buffer and flips it to what it held before: from 0 to its limit. */
  private static ByteBuffer readAt(Disk.Input in, long position, ByteBuffer into)
      throws IOException, Flaw {
    while (into.hasRemaining()) {
      int read = in.read(into, position + into.position());
      Flaw.when(read < 0, "it is cut short");
    }
    return into.flip();
  }
}
