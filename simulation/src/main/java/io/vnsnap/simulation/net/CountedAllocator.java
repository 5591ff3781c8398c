package io.vnsnap.simulation.net;

import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledHeapByteBuf;

/**
 * Gives buffers that the garbage collector takes back when their process was killed, and counts
 * those in use.
 */
final class CountedAllocator extends AbstractByteBufAllocator {
  private long bytes;
  private long most;

  /** Bytes of buffers that were not released. */
  long bytesInUse() {
    return bytes;
  }

  /** The most there ever were. */
  long mostBytes() {
    return most;
  }

  private void count(long more) {
    bytes += more;
    most = Math.max(most, bytes);
  }

  @Override
  protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
    return new Counted(this, initialCapacity, maxCapacity);
  }

  @Override
  protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
    return new Counted(this, initialCapacity, maxCapacity);
  }

  @Override
  public boolean isDirectBufferPooled() {
    return false;
  }

  /** A buffer that is counted. */
  private static final class Counted extends UnpooledHeapByteBuf {
    Counted(CountedAllocator allocator, int initialCapacity, int maxCapacity) {
      super(allocator, initialCapacity, maxCapacity);
    }

    @Override
    protected byte[] allocateArray(int capacity) {
      ((CountedAllocator) alloc()).count(capacity);
      return super.allocateArray(capacity);
    }

    @Override
    protected void freeArray(byte[] array) {
      ((CountedAllocator) alloc()).count(-array.length);
      super.freeArray(array);
    }
  }
}
