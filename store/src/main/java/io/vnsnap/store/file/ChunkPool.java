package io.vnsnap.store.file;

import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;

/**
 * Direct buffers for chunks, kept for the next writer or reader because the JVM frees them late.
 * How many are in use is bounded by who takes them; how many are kept, here. Safe for several
 * threads.
 */
final class ChunkPool {
  /** Most bytes kept while nobody uses them. */
  private static final int KEPT_BYTES = 32 << 20;

  private final int bufferBytes;
  private final ArrayBlockingQueue<ByteBuffer> kept;

  ChunkPool(int chunkBytes) {
    this.bufferBytes = chunkBytes + StreamLayout.CHUNK_HEADER_BYTES;
    this.kept = new ArrayBlockingQueue<>(Math.max(1, KEPT_BYTES / bufferBytes));
  }

  /** Length of a buffer: a chunk's header and payload. */
  int bufferBytes() {
    return bufferBytes;
  }

  /** A buffer with room for a chunk and its header; content undefined. */
  ByteBuffer take() {
    ByteBuffer buffer = kept.poll();
    return buffer != null ? buffer.clear() : ByteBuffer.allocateDirect(bufferBytes);
  }

  /** The caller must not touch the buffer afterwards. */
  void giveBack(ByteBuffer buffer) {
    // When as many are kept as may be, the garbage collector gets it.
    boolean unused = kept.offer(buffer);
  }
}
