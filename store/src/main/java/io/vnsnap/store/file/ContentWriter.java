package io.vnsnap.store.file;

import com.google.protobuf.ByteString;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/** Writes small content (a log, a manifest) on the caller's thread. */
final class ContentWriter extends OutputStream implements Closeable {
  private final Area area;
  private final StreamFileWriter file;
  private final MessageDigest digest = Sha256.digest();
  private final ByteBuffer chunk;
  private boolean closed;

  private ContentWriter(Area area, StreamFileWriter file) {
    this.area = area;
    this.file = file;
    this.chunk = area.chunks().take().position(StreamLayout.CHUNK_HEADER_BYTES);
  }

  static ContentWriter create(Area area, Part part) throws IOException {
    return new ContentWriter(area, StreamFileWriter.create(area, part));
  }

  @Override
  public void write(int one) throws IOException {
    write(new byte[] {(byte) one}, 0, 1);
  }

  @Override
  public void write(byte[] source, int offset, int length) throws IOException {
    int done = 0;
    while (done < length) {
      if (!chunk.hasRemaining()) {
        writeChunk();
      }
      int taken = Math.min(length - done, chunk.remaining());
      chunk.put(source, offset + done, taken);
      done += taken;
    }
  }

  StreamLayout.Trailer commit() throws IOException {
    if (chunk.position() > StreamLayout.CHUNK_HEADER_BYTES) {
      writeChunk();
    }
    return file.commit(ByteString.copyFrom(digest.digest()));
  }

  @Override
  public void close() throws IOException {
    if (!closed) {
      closed = true;
      area.chunks().giveBack(chunk);
      file.close();
    }
  }

  private void writeChunk() throws IOException {
    chunk.flip();
    digest.update(chunk.duplicate().position(StreamLayout.CHUNK_HEADER_BYTES));
    file.write(chunk);
    chunk.clear().position(StreamLayout.CHUNK_HEADER_BYTES);
  }
}
