package io.vnsnap.net.gate;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.lang.ref.SoftReference;
import java.nio.ByteBuffer;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntFunction;

/**
 * The direct memory that the recorded frames of all gates of a host may take together, from when
 * they are recorded until they are stored or given up. Taken piece by piece on the event loop,
 * given back by any thread. Large pieces are kept for the next cut, for as long as the JVM has
 * memory to spare: fresh memory costs an event loop more than the copy of the frames. All pieces
 * are freed by the garbage collector, so whoever still reads one, or sends from it, may do so.
 */
public final class RecordBudget {
  /** The size of a piece that is kept for the next cut. */
  static final int LARGE_PIECE_BYTES = 256 * 1024;

  private final long bytes;
  private final IntFunction<ByteBuffer> allocator;
  private final AtomicLong left;

  /** Never more of them than fit the budget; used last, taken first, since caches may have it. */
  private final Deque<SoftReference<ByteBuf>> spare = new ConcurrentLinkedDeque<>();

  /** All of it is left. */
  public RecordBudget(long bytes) {
    this(bytes, ByteBuffer::allocateDirect);
  }

  /**
   * All of it is left.
   *
   * @param allocator of direct memory that the garbage collector frees
   */
  RecordBudget(long bytes, IntFunction<ByteBuffer> allocator) {
    this.bytes = bytes;
    this.allocator = allocator;
    this.left = new AtomicLong(bytes);
  }

  /** There is no piece to be had, for a reason that is meant for the person who must act. */
  static final class ExhaustedException extends Exception {
    private static final long serialVersionUID = 1;

    ExhaustedException(String reason) {
      super(reason);
    }
  }

  /**
   * Takes a piece.
   *
   * @return the caller's until it is given back, with any content and indices
   * @throws ExhaustedException if less is left; nothing is taken then
   */
  ByteBuf take(int size) throws ExhaustedException {
    if (left.getAndUpdate(now -> now >= size ? now - size : now) < size) {
      throw new ExhaustedException(
          "the %d bytes of vnsnap.net.host-record-bytes, which all VNICs of this host share"
              .formatted(bytes));
    }
    try {
      return size == LARGE_PIECE_BYTES ? spareOrNew() : newPiece(size);
    } catch (OutOfMemoryError e) {
      left.addAndGet(size);
      throw new ExhaustedException(
          "the direct memory of this JVM (-XX:MaxDirectMemorySize), of which"
              + " vnsnap.net.host-record-bytes is a part: "
              + e.getMessage());
    }
  }

  private ByteBuf spareOrNew() {
    for (SoftReference<ByteBuf> next = spare.poll(); next != null; next = spare.poll()) {
      ByteBuf piece = next.get();
      if (piece != null) {
        return piece;
      }
    }
    return newPiece(LARGE_PIECE_BYTES);
  }

  private ByteBuf newPiece(int size) {
    return Unpooled.wrappedBuffer(allocator.apply(size));
  }

  /**
   * Gives a piece back that nobody but its holder reads or writes any more. It is not taken again
   * if a VM's socket has yet to take frames from it.
   */
  void giveBack(ByteBuf piece) {
    if (piece.capacity() == LARGE_PIECE_BYTES && piece.refCnt() == 1) {
      spare.push(new SoftReference<>(piece));
    }
    giveUp(piece.capacity());
  }

  /** Gives pieces back that somebody may still read: they are not taken again. */
  void giveUp(long taken) {
    left.addAndGet(taken);
  }

  /** Bytes that all gates may take together. */
  public long bytes() {
    return bytes;
  }

  /** Bytes that are left now. */
  public long left() {
    return left.get();
  }
}
