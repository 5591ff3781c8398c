package io.vnsnap.net.frame;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a stream of bytes into records that begin with their length (4 bytes, big-endian, not
 * counting itself). Whole records are passed on where they were read; only a record that is spread
 * over two reads is copied. Allocates nothing for a record. Used by one thread.
 */
public final class RecordSplitter {

  /** Takes the records. */
  @FunctionalInterface
  public interface Sink {
    /**
     * Takes the next record.
     *
     * @param record length and content, between the indices of the buffer, which need not begin at
     *     0; borrowed: the indices may be moved, and are of no meaning afterwards
     */
    void record(ByteBuf record);
  }

  private final ByteBufAllocator allocator;
  private int maxLength;
  private @Nullable ByteBuf partial;
  private int missing;
  private long brokenLength = -1;
  private boolean closed;

  /**
   * @param maxLength longest content of a record in bytes; also bounds the memory used
   */
  public RecordSplitter(ByteBufAllocator allocator, int maxLength) {
    this.allocator = allocator;
    this.maxLength = maxLength;
  }

  /** Changes the limit for the records that follow. */
  public void limit(int maxLength) {
    this.maxLength = maxLength;
  }

  /**
   * Consumes all readable bytes and passes on every record they complete.
   *
   * @param in stays the caller's
   * @return false if a length was beyond the limit: from there on the stream makes no sense, and
   *     {@link #brokenLength} tells what was read
   */
  public boolean split(ByteBuf in, Sink sink) {
    while (in.isReadable() && !closed && brokenLength < 0) {
      if (partial != null) {
        fill(partial, in, sink);
      } else {
        next(in, sink);
      }
    }
    return brokenLength < 0;
  }

  /** Whether everything read so far was whole records. */
  public boolean isBetweenRecords() {
    return partial == null;
  }

  /** The length that was beyond the limit, unsigned; -1 if there was none. */
  public long brokenLength() {
    return brokenLength;
  }

  /** Frees what is kept of a partial record; nothing is passed on afterwards. */
  public void close() {
    closed = true;
    if (partial != null) {
      partial.release();
      partial = null;
    }
  }

  private void next(ByteBuf in, Sink sink) {
    int readable = in.readableBytes();
    if (readable < Framing.LENGTH_BYTES) {
      partial = allocator.directBuffer(Framing.LENGTH_BYTES).writeBytes(in);
      missing = Framing.LENGTH_BYTES - readable;
      return;
    }
    int length = in.getInt(in.readerIndex());
    if (isBroken(length)) {
      return;
    }
    int size = Framing.LENGTH_BYTES + length;
    if (readable < size) {
      partial = allocator.directBuffer(size).writeBytes(in);
      missing = size - readable;
      return;
    }
    int end = in.readerIndex() + size;
    int limit = in.writerIndex();
    in.writerIndex(end);
    try {
      sink.record(in);
    } finally {
      in.setIndex(end, limit);
    }
  }

  private void fill(ByteBuf part, ByteBuf in, Sink sink) {
    int taken = Math.min(missing, in.readableBytes());
    part.writeBytes(in, taken);
    missing -= taken;
    if (missing > 0) {
      return;
    }
    int length = part.getInt(0);
    if (isBroken(length)) {
      return;
    }
    missing = Framing.LENGTH_BYTES + length - part.readableBytes();
    if (missing > 0) {
      part.ensureWritable(missing);
      return;
    }
    partial = null;
    try {
      sink.record(part);
    } finally {
      part.release();
    }
  }

  private boolean isBroken(int length) {
    if (length >= 0 && length <= maxLength) {
      return false;
    }
    brokenLength = Integer.toUnsignedLong(length);
    return true;
  }
}
