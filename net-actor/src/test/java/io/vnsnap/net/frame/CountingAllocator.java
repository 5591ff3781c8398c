package io.vnsnap.net.frame;

import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledHeapByteBuf;

/** Buffers on the heap. Knows what is in use, and is fast: it looks for no leaks. */
public final class CountingAllocator extends AbstractByteBufAllocator {
  private long bytes;

  public CountingAllocator() {
    super(false);
  }

  /** Memory of the buffers in use. */
  public long bytes() {
    return bytes;
  }

  @Override
  protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
    return new UnpooledHeapByteBuf(this, initialCapacity, maxCapacity) {
      @Override
      protected byte[] allocateArray(int size) {
        bytes += size;
        return super.allocateArray(size);
      }

      @Override
      protected void freeArray(byte[] array) {
        bytes -= array.length;
        super.freeArray(array);
      }
    };
  }

  @Override
  protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
    return newHeapBuffer(initialCapacity, maxCapacity);
  }

  @Override
  public boolean isDirectBufferPooled() {
    return false;
  }
}
