package io.vnsnap.net.gate;

import com.google.protobuf.UnsafeByteOperations;
import io.netty.buffer.ByteBuf;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.proto.RecordedFrame;
import java.nio.ByteBuffer;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.RandomAccess;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The channel log of one cut at one gate while it is written: kept in memory, bounded. Frames are
 * copied into large pieces one after another, so that recording does not slow the event loop down;
 * the records are made of it by whoever reads the finished log. Each piece is taken from the budget
 * of the host, and goes back with {@link #free} or {@link #giveUp}.
 */
final class Recording {
  private static final int FRAME_OVERHEAD = 128;

  /** The first piece; each further one is twice as large, up to {@code LARGE_PIECE_BYTES}. */
  private static final int FIRST_PIECE_BYTES = 4 * 1024;

  private static final long NANOS_PER_MICRO = 1000;

  /** Before each frame in a piece: sender, sequence number, offset, length. */
  private static final int HEAD_BYTES = 2 * Integer.BYTES + 2 * Long.BYTES;

  private final int epoch;
  private final long cutNanos;
  private final long maxBytes;
  private final RecordBudget budget;
  private final AtomicLong taken = new AtomicLong();
  private final List<Piece> pieces = new ArrayList<>();
  private Piece last = new Piece(new byte[0]);
  private int nextPieceBytes = FIRST_PIECE_BYTES;
  private int count;
  private long bytes;
  private long lastOffset;
  private boolean inOrder = true;
  private int openChannels;

  /**
   * An empty log.
   *
   * @param maxBytes of this log, at most
   * @param budget of this and all other logs of the host
   */
  Recording(int epoch, long cutNanos, long maxBytes, RecordBudget budget, int openChannels) {
    this.epoch = epoch;
    this.cutNanos = cutNanos;
    this.maxBytes = maxBytes;
    this.budget = budget;
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
   * @return which bound leaves no room for it, for the person who must act; null if it is added
   */
  @Nullable String add(InChannel channel, long sequence, ByteBuf framed, long arrivedNanos) {
    int length = framed.readableBytes() - Framing.LENGTH_BYTES;
    bytes += length + FRAME_OVERHEAD;
    if (bytes > maxBytes) {
      return "the %d bytes of vnsnap.net.gate.record-bytes".formatted(maxBytes);
    }
    if (last.content.remaining() < HEAD_BYTES + length && !addPiece(HEAD_BYTES + length)) {
      return "the %d bytes of vnsnap.net.host-record-bytes, which all VNICs of this host share"
          .formatted(budget.bytes());
    }
    long offset = arrivedNanos <= cutNanos ? 0 : (arrivedNanos - cutNanos) / NANOS_PER_MICRO;
    inOrder &= offset >= lastOffset;
    lastOffset = offset;
    last.add(channel.from(), sequence, offset, framed, length);
    count++;
    channel.countRecorded();
    return null;
  }

  private boolean addPiece(int least) {
    byte[] piece = budget.take(Math.max(nextPieceBytes, least));
    if (piece == null) {
      return false;
    }
    nextPieceBytes = Math.min(2 * nextPieceBytes, RecordBudget.LARGE_PIECE_BYTES);
    taken.addAndGet(piece.length);
    last = new Piece(piece);
    pieces.add(last);
    return true;
  }

  /**
   * Nobody needs the frames any more: gives their memory back to the host's budget, for other
   * frames. Nothing may be added or read any more. May be called twice, and by any thread.
   */
  void free() {
    if (taken.getAndSet(0) > 0) {
      pieces.forEach(piece -> budget.giveBack(piece.bytes));
      pieces.clear(); // or whoever remembers this log would keep memory that nobody counts
    }
  }

  /**
   * Counts no more against the host's budget. Whoever has the frames may still read them. May be
   * called twice, and by any thread.
   */
  void giveUp() {
    budget.giveUp(taken.getAndSet(0));
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
    long[] places = new long[count];
    int next = 0;
    for (int number = 0; number < pieces.size(); number++) {
      Piece piece = pieces.get(number);
      for (int at = 0; at < piece.content.position(); at += HEAD_BYTES + piece.length(at)) {
        places[next++] = (long) number << Integer.SIZE | at;
      }
    }
    return new Frames(pieces, inOrder ? places : sorted(places));
  }

  /** Keeps the order of frames of the same offset. */
  private long[] sorted(long[] places) {
    return Arrays.stream(places)
        .boxed()
        .sorted(Comparator.comparingLong(place -> piece(pieces, place).offset((int) (long) place)))
        .mapToLong(Long::longValue)
        .toArray();
  }

  private static Piece piece(List<Piece> pieces, long place) {
    return pieces.get((int) (place >>> Integer.SIZE));
  }

  /** Some frames one after another, each with what is known of it before it. */
  private static final class Piece {
    final byte[] bytes;
    final ByteBuffer content;

    Piece(byte[] bytes) {
      this.bytes = bytes;
      content = ByteBuffer.wrap(bytes);
    }

    void add(int from, long sequence, long offset, ByteBuf framed, int length) {
      content.putInt(from).putLong(sequence).putLong(offset).putInt(length);
      int at = content.position();
      framed.getBytes(framed.readerIndex() + Framing.LENGTH_BYTES, bytes, at, length);
      content.position(at + length);
    }

    long offset(int at) {
      return content.getLong(at + Integer.BYTES + Long.BYTES);
    }

    int length(int at) {
      return content.getInt(at + Integer.BYTES + 2 * Long.BYTES);
    }

    RecordedFrame record(int at) {
      return RecordedFrame.newBuilder()
          .setFrom(content.getInt(at))
          .setSequence(content.getLong(at + Integer.BYTES))
          .setOffsetUs(offset(at))
          .setFrame(UnsafeByteOperations.unsafeWrap(bytes, at + HEAD_BYTES, length(at)))
          .build();
    }
  }

  /** Makes the records when they are read. */
  private static final class Frames extends AbstractList<RecordedFrame> implements RandomAccess {
    private final List<Piece> pieces;

    /** Of each frame the number of its piece in the high half, and its position in the low one. */
    private final long[] places;

    Frames(List<Piece> pieces, long[] places) {
      this.pieces = pieces;
      this.places = places;
    }

    @Override
    public RecordedFrame get(int index) {
      return piece(pieces, places[index]).record((int) places[index]);
    }

    @Override
    public int size() {
      return places.length;
    }
  }
}
