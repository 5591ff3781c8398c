package io.vnsnap.net.gate;

import com.google.protobuf.UnsafeByteOperations;
import io.netty.buffer.ByteBuf;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.proto.RecordedFrame;
import java.nio.ByteBuffer;
import java.util.AbstractCollection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The channel log of one cut at one gate while it is written: kept in memory, bounded. Trains are
 * copied into large pieces one after another, so that recording does not slow the event loop down;
 * the records of frames are made of it by whoever reads the finished log. Each piece is taken from
 * the budget of the host, and goes back with {@link #free} or {@link #giveUp}.
 */
final class Recording {
  private static final int FRAME_OVERHEAD = 128;

  /** The first piece; each further one is twice as large, up to {@code LARGE_PIECE_BYTES}. */
  private static final int FIRST_PIECE_BYTES = 4 * 1024;

  private static final long NANOS_PER_MICRO = 1000;

  /** Before each train in a piece: sender, first sequence number, offset, length. */
  private static final int HEAD_BYTES = 2 * Integer.BYTES + 2 * Long.BYTES;

  private final int epoch;
  private final long cutNanos;
  private final long maxBytes;
  private final RecordBudget budget;
  private final AtomicLong taken = new AtomicLong();
  private final List<Piece> pieces = new ArrayList<>();
  private Piece last = new Piece(new byte[0]);
  private int nextPieceBytes = FIRST_PIECE_BYTES;
  private int trains;
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
   * Adds a train.
   *
   * @param first sequence number; the others follow
   * @param train borrowed
   * @param arrivedNanos when it arrives, as the VM sees it
   * @return which bound leaves no room for it, for the person who must act; null if it is added
   */
  @Nullable String add(
      InChannel channel, long first, ByteBuf train, int frames, long arrivedNanos) {
    int length = train.readableBytes();
    bytes += length + (long) frames * (FRAME_OVERHEAD - Framing.LENGTH_BYTES);
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
    last.add(channel.from(), first, offset, train, length);
    trains++;
    count += frames;
    channel.countRecorded(frames);
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
   * added any more; they may be read by any thread that they are handed to.
   */
  Collection<RecordedFrame> frames() {
    long[] places = new long[trains];
    int next = 0;
    for (int number = 0; number < pieces.size(); number++) {
      Piece piece = pieces.get(number);
      for (int at = 0; at < piece.content.position(); at += HEAD_BYTES + piece.length(at)) {
        places[next++] = (long) number << Integer.SIZE | at;
      }
    }
    return new Frames(pieces, inOrder ? places : sorted(places), count);
  }

  /** Keeps the order of trains of the same offset. */
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

  /** Some trains one after another, each with what is known of it before it. */
  private static final class Piece {
    final byte[] bytes;
    final ByteBuffer content;

    Piece(byte[] bytes) {
      this.bytes = bytes;
      content = ByteBuffer.wrap(bytes);
    }

    void add(int from, long first, long offset, ByteBuf train, int length) {
      content.putInt(from).putLong(first).putLong(offset).putInt(length);
      int at = content.position();
      train.getBytes(train.readerIndex(), bytes, at, length);
      content.position(at + length);
    }

    int from(int at) {
      return content.getInt(at);
    }

    long first(int at) {
      return content.getLong(at + Integer.BYTES);
    }

    long offset(int at) {
      return content.getLong(at + Integer.BYTES + Long.BYTES);
    }

    int length(int at) {
      return content.getInt(at + Integer.BYTES + 2 * Long.BYTES);
    }

    /** The record of one of a train's frames, which lies here, framed. */
    RecordedFrame record(int train, int frame, int framed) {
      int length = content.getInt(framed);
      return RecordedFrame.newBuilder()
          .setFrom(from(train))
          .setSequence(first(train) + frame)
          .setOffsetUs(offset(train))
          .setFrame(UnsafeByteOperations.unsafeWrap(bytes, framed + Framing.LENGTH_BYTES, length))
          .build();
    }
  }

  /** Makes the records when they are read. */
  private static final class Frames extends AbstractCollection<RecordedFrame> {
    private final List<Piece> pieces;

    /** Of each train the number of its piece in the high half, and its position in the low one. */
    private final long[] places;

    private final int count;

    Frames(List<Piece> pieces, long[] places, int count) {
      this.pieces = pieces;
      this.places = places;
      this.count = count;
    }

    @Override
    public Iterator<RecordedFrame> iterator() {
      return new Walk();
    }

    @Override
    public int size() {
      return count;
    }

    /** From train to train, and in each from frame to frame. */
    private final class Walk implements Iterator<RecordedFrame> {
      private int nextTrain;
      private int train;
      private int frame;
      private int at;
      private int end;

      @Override
      public boolean hasNext() {
        return at < end || nextTrain < places.length;
      }

      @Override
      public RecordedFrame next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        if (at == end) {
          train = (int) places[nextTrain++];
          frame = 0;
          at = train + HEAD_BYTES;
          end = at + piece().length(train);
        }
        RecordedFrame record = piece().record(train, frame++, at);
        at += Framing.LENGTH_BYTES + record.getFrame().size();
        return record;
      }

      private Piece piece() {
        return Recording.piece(pieces, places[nextTrain - 1]);
      }
    }
  }
}
