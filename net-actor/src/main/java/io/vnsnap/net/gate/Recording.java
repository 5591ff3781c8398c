package io.vnsnap.net.gate;

import com.google.protobuf.UnsafeByteOperations;
import io.netty.buffer.ByteBuf;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.proto.RecordedFrame;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.RandomAccess;

/**
 * The channel log of one cut at one gate while it is written: kept in memory, bounded. Frames are
 * copied into large pieces one after another, so that recording does not slow the event loop down;
 * the records are made of it by whoever reads the finished log.
 */
final class Recording {
  private static final int FRAME_OVERHEAD = 128;
  private static final int FIRST_PIECE_BYTES = 4 * 1024;
  private static final int DOUBLINGS = 6; // up to 256 KiB
  private static final int FIRST_CAPACITY = 64;
  private static final long NANOS_PER_MICRO = 1000;

  private final int epoch;
  private final long cutNanos;
  private final long maxBytes;
  private final List<byte[]> pieces = new ArrayList<>();
  private int[] senders = new int[FIRST_CAPACITY];
  private long[] sequences = new long[FIRST_CAPACITY];
  private long[] offsets = new long[FIRST_CAPACITY];
  private int[] inPiece = new int[FIRST_CAPACITY];
  private int[] starts = new int[FIRST_CAPACITY];
  private int[] lengths = new int[FIRST_CAPACITY];
  private int count;
  private int pieceUsed;
  private long bytes;
  private boolean inOrder = true;
  private int openChannels;

  Recording(int epoch, long cutNanos, long maxBytes, int openChannels) {
    this.epoch = epoch;
    this.cutNanos = cutNanos;
    this.maxBytes = maxBytes;
    this.openChannels = openChannels;
  }

  int epoch() {
    return epoch;
  }

  /**
   * Adds a frame.
   *
   * @param framed borrowed
   * @param arrivedNanos when it arrives, as the VM sees it
   * @return false if there is no room
   */
  boolean add(InChannel channel, long sequence, ByteBuf framed, long arrivedNanos) {
    int length = framed.readableBytes() - Framing.LENGTH_BYTES;
    bytes += length + FRAME_OVERHEAD;
    if (bytes > maxBytes) {
      return false;
    }
    if (count == senders.length) {
      grow();
    }
    byte[] piece = room(length);
    framed.getBytes(framed.readerIndex() + Framing.LENGTH_BYTES, piece, pieceUsed, length);
    long offset = arrivedNanos <= cutNanos ? 0 : (arrivedNanos - cutNanos) / NANOS_PER_MICRO;
    inOrder &= count == 0 || offset >= offsets[count - 1];
    senders[count] = channel.from();
    sequences[count] = sequence;
    offsets[count] = offset;
    inPiece[count] = pieces.size() - 1;
    starts[count] = pieceUsed;
    lengths[count] = length;
    pieceUsed += length;
    count++;
    channel.countRecorded();
    return true;
  }

  private byte[] room(int length) {
    if (pieces.isEmpty() || pieces.getLast().length - pieceUsed < length) {
      int size = FIRST_PIECE_BYTES << Math.min(pieces.size(), DOUBLINGS);
      pieces.add(new byte[Math.max(size, length)]);
      pieceUsed = 0;
    }
    return pieces.getLast();
  }

  private void grow() {
    int capacity = 2 * count;
    senders = Arrays.copyOf(senders, capacity);
    sequences = Arrays.copyOf(sequences, capacity);
    offsets = Arrays.copyOf(offsets, capacity);
    inPiece = Arrays.copyOf(inPiece, capacity);
    starts = Arrays.copyOf(starts, capacity);
    lengths = Arrays.copyOf(lengths, capacity);
  }

  void channelClosed() {
    openChannels--;
  }

  boolean isComplete() {
    return openChannels == 0;
  }

  /**
   * All frames in order of arrival, which on a channel is that of their numbers. Nothing may be
   * added any more; the list may be read by any thread that it is handed to.
   */
  List<RecordedFrame> frames() {
    int[] order = new int[count];
    Arrays.setAll(order, i -> i);
    if (!inOrder) {
      sortByOffset(order);
    }
    return new Frames(order);
  }

  /** Keeps the order of frames of the same offset. */
  private void sortByOffset(int[] order) {
    long[] keys = new long[count];
    // An offset has at most 32 bits (71 minutes), as no delay and no hold is that long.
    Arrays.setAll(
        keys,
        i -> Math.min(offsets[i], 0xffff_ffffL) << (Integer.SIZE - 1) | Integer.toUnsignedLong(i));
    Arrays.sort(keys);
    Arrays.setAll(order, i -> (int) (keys[i] & Integer.MAX_VALUE));
  }

  /** Makes the records when they are read. */
  private final class Frames extends AbstractList<RecordedFrame> implements RandomAccess {
    private final int[] order;

    Frames(int[] order) {
      this.order = order;
    }

    @Override
    public RecordedFrame get(int index) {
      int at = order[index];
      return RecordedFrame.newBuilder()
          .setFrom(senders[at])
          .setSequence(sequences[at])
          .setOffsetUs(offsets[at])
          .setFrame(
              UnsafeByteOperations.unsafeWrap(pieces.get(inPiece[at]), starts[at], lengths[at]))
          .build();
    }

    @Override
    public int size() {
      return order.length;
    }
  }
}
