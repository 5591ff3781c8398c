package io.vnsnap.store.file;

import io.vnsnap.store.ImageReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.concurrent.ArrayBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * Reads an image. Chunks are read and checked on the caller's thread; when handed out they go to a
 * second thread that computes SHA-256, so that reading is not bound by it twice.
 */
final class FileImageReader implements ImageReader {
  /** Chunks between the two threads. */
  private static final int MOST_CHUNKS = 4;

  private final Area area;
  private final StreamFileReader file;
  private final ArrayBlockingQueue<ByteBuffer> free = new ArrayBlockingQueue<>(MOST_CHUNKS);
  private final MessageDigest digest = Sha256.digest();
  private final Stage hashing;
  private final boolean pooled;
  private @Nullable ByteBuffer chunk;
  private @Nullable IOException broken;
  private boolean exhausted;
  private boolean closed;

  FileImageReader(Area area, String vm, StreamFileReader file) {
    this.area = area;
    this.file = file;
    // A file written with larger chunks than this store's has buffers of its own.
    this.pooled = file.bufferBytes() <= area.chunks().bufferBytes();
    for (int i = 0; i < MOST_CHUNKS; i++) {
      free.add(buffer());
    }
    this.hashing = new Stage("vnsnap-store-check-" + vm, MOST_CHUNKS, this::hash, free::add);
  }

  @Override
  public long bytes() {
    return file.trailer().bytes();
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    if (closed) {
      throw new IllegalStateException("the image is closed");
    }
    if (!into.hasRemaining()) {
      throw new IllegalArgumentException("no room to read into");
    }
    if (broken != null) {
      throw broken;
    }
    ByteBuffer from = chunk;
    if (from == null) {
      from = nextChunk();
    }
    if (from == null) {
      return -1;
    }
    int given = Math.min(into.remaining(), from.remaining());
    into.put(into.position(), from, from.position(), given);
    into.position(into.position() + given);
    from.position(from.position() + given);
    if (!from.hasRemaining()) {
      chunk = null;
      hashing.put(from);
    }
    return given;
  }

  private @Nullable ByteBuffer nextChunk() throws IOException {
    if (exhausted) {
      return null;
    }
    ByteBuffer next = nextFree();
    try {
      if (file.next(next)) {
        chunk = next;
        return next;
      }
      hashing.finish();
      file.checkDigest(digest.digest());
      exhausted = true;
      return null;
    } catch (IOException e) {
      broken = e; // What is in the buffer must not be served.
      throw e;
    } finally {
      if (chunk == null) {
        free.add(next);
      }
    }
  }

  private ByteBuffer nextFree() throws IOException {
    hashing.check();
    try {
      return free.take();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Stage.interrupted(e);
    }
  }

  private void hash(ByteBuffer handedOut) {
    digest.update(handedOut.position(StreamLayout.CHUNK_HEADER_BYTES));
  }

  private ByteBuffer buffer() {
    return pooled ? area.chunks().take() : ByteBuffer.allocateDirect(file.bufferBytes());
  }

  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    hashing.cancel();
    if (chunk != null) {
      free.add(chunk);
    }
    if (pooled) {
      free.forEach(area.chunks()::giveBack);
    }
    file.close();
  }
}
