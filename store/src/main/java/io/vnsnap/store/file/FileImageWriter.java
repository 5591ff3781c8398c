package io.vnsnap.store.file;

import com.google.protobuf.ByteString;
import io.vnsnap.store.ImageWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.concurrent.ArrayBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * Writes an image through a bounded pipeline, because the guest waits while its pages are not
 * taken: the caller's thread copies into a chunk (tens of GB/s), a second thread computes SHA-256,
 * a third the chunk's checksum and writes. The caller waits only when all chunks are on their way.
 */
final class FileImageWriter implements ImageWriter {
  private final Area area;
  private final StreamFileWriter file;
  private final int mostChunks;
  private final ArrayBlockingQueue<ByteBuffer> free;
  private final MessageDigest digest = Sha256.digest();
  private final Stage writing;
  private final Stage hashing;
  private @Nullable ByteBuffer filling;
  private int chunksTaken;
  private long bytes;
  private boolean ended;

  private FileImageWriter(Area area, String vm, StreamFileWriter file) {
    this.area = area;
    this.file = file;
    this.mostChunks = area.settings().chunksInStage();
    this.free = new ArrayBlockingQueue<>(mostChunks);
    this.writing = new Stage("vnsnap-store-write-" + vm, mostChunks, file::write, this::release);
    this.hashing = new Stage("vnsnap-store-hash-" + vm, mostChunks, this::hash, writing::put);
  }

  static FileImageWriter create(Area area, Part part, String vm) throws IOException {
    StreamFileWriter file = StreamFileWriter.create(area, part);
    try {
      return new FileImageWriter(area, vm, file);
    } catch (RuntimeException | Error e) {
      file.closeAfter(e); // No thread could be started.
      throw e;
    }
  }

  @Override
  public void write(ByteBuffer source) throws IOException {
    mustBeOpen();
    while (source.hasRemaining()) {
      ByteBuffer chunk = filling;
      if (chunk == null) {
        chunk = nextFree();
        filling = chunk;
      }
      int taken = Math.min(source.remaining(), chunk.remaining());
      chunk.put(chunk.position(), source, source.position(), taken);
      chunk.position(chunk.position() + taken);
      source.position(source.position() + taken);
      bytes += taken;
      if (!chunk.hasRemaining()) {
        send(chunk);
      }
    }
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public Committed commit() throws IOException {
    mustBeOpen();
    if (filling != null) {
      send(filling);
    }
    ended = true;
    hashing.finish();
    writing.finish();
    StreamLayout.Trailer trailer = file.commit(ByteString.copyFrom(digest.digest()));
    return new Committed(trailer.bytes(), trailer.sha256());
  }

  @Override
  public void close() throws IOException {
    ended = true;
    hashing.cancel();
    writing.cancel();
    if (filling != null) {
      release(filling);
      filling = null;
    }
    for (ByteBuffer unused = free.poll(); unused != null; unused = free.poll()) {
      area.chunks().giveBack(unused);
    }
    file.close();
  }

  private void mustBeOpen() {
    if (ended) {
      throw new IllegalStateException("the image is committed or closed");
    }
  }

  private void send(ByteBuffer chunk) {
    filling = null;
    hashing.put(chunk.flip());
  }

  private ByteBuffer nextFree() throws IOException {
    writing.check();
    ByteBuffer next = free.poll();
    if (next == null && chunksTaken < mostChunks) {
      chunksTaken++;
      next = area.chunks().take();
    }
    if (next == null) {
      try {
        next = free.take();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw Stage.interrupted(e);
      }
    }
    return next.clear().position(StreamLayout.CHUNK_HEADER_BYTES);
  }

  private void hash(ByteBuffer filled) {
    digest.update(filled.duplicate().position(StreamLayout.CHUNK_HEADER_BYTES));
  }

  private void release(ByteBuffer done) {
    free.add(done);
  }
}
