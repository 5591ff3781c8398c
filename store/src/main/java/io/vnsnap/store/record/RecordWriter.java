package io.vnsnap.store.record;

import com.google.protobuf.ByteString;
import io.vnsnap.store.place.Place;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/** Writes one stream object on the caller's thread. Used by one thread at a time. */
public final class RecordWriter extends OutputStream {

  /** Where bytes go. */
  private interface Sink extends Closeable {
    void write(ByteBuffer bytes) throws IOException;

    void commit() throws IOException;
  }

  private final Sink sink;
  private final StreamHeader header;
  private final MessageDigest digest = Sha256.digest();
  private final ByteBuffer chunk;
  private long content;

  private RecordWriter(Sink sink, StreamHeader header) throws IOException {
    this.sink = sink;
    this.header = header;
    this.chunk = ByteBuffer.allocate(StreamLayout.CHUNK_HEADER_BYTES + header.chunkBytes());
    chunk.position(StreamLayout.CHUNK_HEADER_BYTES);
    sink.write(header.encode());
  }

  /**
   * Begins an object; it is there when {@link #commit} has returned. To be closed in any case.
   *
   * @param chunkBytes payload covered by one checksum
   * @param salt random
   */
  public static RecordWriter create(
      Place place, RecordKind kind, String name, int chunkBytes, long salt) throws IOException {
    StreamHeader header = new StreamHeader(kind.code, chunkBytes, salt, name);
    Place.Output out = place.create(name);
    try {
      return new RecordWriter(new ObjectSink(out), header);
    } catch (IOException | RuntimeException | Error e) {
      try (out) {
        throw e;
      }
    }
  }

  /** Writes a small object in place of what has its name. */
  public static void put(
      Place place, RecordKind kind, String name, int chunkBytes, long salt, ByteBuffer content)
      throws IOException {
    if (content.remaining() > kind.maxBytes) {
      throw new IOException(
          "a %s has at most %s, not %s"
              .formatted(kind.word, Damage.mib(kind.maxBytes), Damage.mib(content.remaining())));
    }
    int length = Math.max(StreamHeader.MIN_CHUNK_BYTES, Math.min(chunkBytes, content.remaining()));
    MemorySink sink = new MemorySink();
    try (RecordWriter writer =
        new RecordWriter(sink, new StreamHeader(kind.code, length, salt, name))) {
      writer.write(content);
      StreamLayout.Trailer unused = writer.commit();
    }
    place.put(name, ByteBuffer.wrap(sink.bytes.toByteArray()));
  }

  private record ObjectSink(Place.Output out) implements Sink {
    @Override
    public void write(ByteBuffer bytes) throws IOException {
      out.write(bytes);
    }

    @Override
    public void commit() throws IOException {
      out.commit();
    }

    @Override
    public void close() throws IOException {
      out.close();
    }
  }

  private static final class MemorySink implements Sink {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    @Override
    public void write(ByteBuffer from) {
      bytes.write(from.array(), from.arrayOffset() + from.position(), from.remaining());
    }

    @Override
    public void commit() {}

    @Override
    public void close() {}
  }

  @Override
  public void write(int one) throws IOException {
    write(new byte[] {(byte) one}, 0, 1);
  }

  @Override
  public void write(byte[] source, int offset, int length) throws IOException {
    write(ByteBuffer.wrap(source, offset, length));
  }

  /** Takes all remaining bytes; the buffer may be reused on return. */
  public void write(ByteBuffer source) throws IOException {
    while (source.hasRemaining()) {
      if (!chunk.hasRemaining()) {
        writeChunk();
      }
      int taken = Math.min(source.remaining(), chunk.remaining());
      chunk.put(chunk.position(), source, source.position(), taken);
      chunk.position(chunk.position() + taken);
      source.position(source.position() + taken);
    }
  }

  /**
   * Ends the object and lets it appear. After this, only close.
   *
   * @throws java.nio.file.FileAlreadyExistsException if the name is taken
   */
  public StreamLayout.Trailer commit() throws IOException {
    if (chunk.position() > StreamLayout.CHUNK_HEADER_BYTES) {
      writeChunk();
    }
    var trailer = new StreamLayout.Trailer(content, ByteString.copyFrom(digest.digest()));
    sink.write(trailer.encode(header.salt()));
    sink.commit();
    return trailer;
  }

  /** Bytes of content written so far. */
  public long bytes() {
    return content + chunk.position() - StreamLayout.CHUNK_HEADER_BYTES;
  }

  @Override
  public void close() throws IOException {
    sink.close();
  }

  private void writeChunk() throws IOException {
    chunk.flip().position(StreamLayout.CHUNK_HEADER_BYTES);
    int payload = chunk.remaining();
    digest.update(chunk.duplicate());
    int crc = StreamLayout.chunkCrc(header.salt(), content, chunk);
    chunk.putInt(0, payload).putInt(Integer.BYTES, crc).position(0);
    sink.write(chunk);
    content += payload;
    chunk.clear().position(StreamLayout.CHUNK_HEADER_BYTES);
  }
}
