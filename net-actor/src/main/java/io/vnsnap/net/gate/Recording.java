package io.vnsnap.net.gate;

import com.google.protobuf.ByteString;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.net.gate.RecordBudget.ExhaustedException;
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

/**
 * The channel log of one cut at one gate while it is written: kept in memory, bounded. Trains are
 * copied into large pieces one behind another, where the port of the VM sends them from, so that
 * recording needs no copy of its own; the records of frames are made of it by whoever reads the
 * finished log. Each piece is taken from the budget of the host, and goes back with {@link #free}
 * or {@link #giveUp}.
 */
final class Recording {
  private static final int FRAME_OVERHEAD = 128;

  /** The first piece; each further one is twice as large, up to {@code LARGE_PIECE_BYTES}. */
  private static final int FIRST_PIECE_BYTES = 4 * 1024;

  private static final long NANOS_PER_MICRO = 1000;

  private final int epoch;
  private final long cutNanos;
  private final long maxBytes;
  private final RecordBudget budget;
  private final AtomicLong taken = new AtomicLong();
  private final List<Piece> pieces = new ArrayList<>();
  private Piece last = new Piece(Unpooled.EMPTY_BUFFER);
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
   * @return where the train lies now, between the indices, which are of no meaning once the next
   *     one is added; its content stays, also after {@link #free}, for whoever retains it by then
   * @throws ExhaustedException if a bound leaves no room for it: which one
   */
  ByteBuf add(InChannel channel, long first, ByteBuf train, int frames, long arrivedNanos)
      throws ExhaustedException {
    int length = train.readableBytes();
    bytes += length + (long) frames * (FRAME_OVERHEAD - Framing.LENGTH_BYTES);
    if (bytes > maxBytes) {
      throw new ExhaustedException(
          "the %d bytes of vnsnap.net.gate.record-bytes".formatted(maxBytes));
    }
    if (last.room() < length) {
      addPiece(Piece.HEAD_BYTES + length);
    }
    long offset = arrivedNanos <= cutNanos ? 0 : (arrivedNanos - cutNanos) / NANOS_PER_MICRO;
    inOrder &= offset >= lastOffset;
    lastOffset = offset;
    trains++;
    count += frames;
    channel.countRecorded(frames);
    return last.add(channel.from(), first, offset, train);
  }

  private void addPiece(int least) throws ExhaustedException {
    ByteBuf piece = budget.take(Math.max(nextPieceBytes, least));
    nextPieceBytes = Math.min(2 * nextPieceBytes, RecordBudget.LARGE_PIECE_BYTES);
    taken.addAndGet(piece.capacity());
    last = new Piece(piece);
    pieces.add(last);
  }

  /**
   * Nobody needs the frames any more: gives their memory back to the host's budget, for other
   * frames. Nothing may be added or read any more. May be called twice, and by any thread.
   */
  void free() {
    if (taken.getAndSet(0) > 0) {
      pieces.forEach(piece -> budget.giveBack(piece.content));
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
      for (int train = 0; train < pieces.get(number).trains; train++) {
        places[next++] = (long) number << Integer.SIZE | train;
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

  /**
   * Some trains one behind another, from the start on; and what is known of each, from the end on
   * backwards (as records and slots lie in a page of a database): sender, first sequence number,
   * offset, position.
   */
  private static final class Piece {
    static final int HEAD_BYTES = 2 * Integer.BYTES + 2 * Long.BYTES;
    private static final int CACHE_LINE_BYTES = 64;

    final ByteBuf content;
    private final ByteBuffer memory;
    int trains;
    private int end;

    @SuppressWarnings("unused") // or the compiler would leave the loads out
    private int fetched;

    Piece(ByteBuf content) {
      this.content = content;
      memory = content.nioBuffer(0, content.capacity());
    }

    /** Bytes of the longest train that may be added. */
    int room() {
      return head(trains) - end;
    }

    private int head(int train) {
      return content.capacity() - (train + 1) * HEAD_BYTES;
    }

    ByteBuf add(int from, long first, long offset, ByteBuf train) {
      int at = end;
      int length = train.readableBytes();
      int head = head(trains++);
      content.setInt(head, from);
      content.setLong(head + Integer.BYTES, first);
      content.setLong(head + Integer.BYTES + Long.BYTES, offset);
      content.setInt(head + Integer.BYTES + 2 * Long.BYTES, at);
      fetch(at, length);
      content.setBytes(at, train, train.readerIndex(), length);
      end = at + length;
      return content.setIndex(at, end);
    }

    /**
     * Has the cache lines fetched that are going to be written and that no cache has: loads go on
     * all at once, while stores become visible one after another and hold up what follows.
     */
    private void fetch(int at, int length) {
      int sum = 0;
      for (int line = at; line < at + length; line += CACHE_LINE_BYTES) {
        sum += memory.get(line);
      }
      fetched = sum;
    }

    int from(int train) {
      return content.getInt(head(train));
    }

    long first(int train) {
      return content.getLong(head(train) + Integer.BYTES);
    }

    long offset(int train) {
      return content.getLong(head(train) + Integer.BYTES + Long.BYTES);
    }

    int start(int train) {
      return content.getInt(head(train) + Integer.BYTES + 2 * Long.BYTES);
    }

    int end(int train) {
      return train + 1 < trains ? start(train + 1) : end;
    }

    /** The record, with a copy, of one of a train's frames, which lies here, framed. */
    RecordedFrame record(int train, int frame, int framed) {
      int length = content.getInt(framed);
      return RecordedFrame.newBuilder()
          .setFrom(from(train))
          .setSequence(first(train) + frame)
          .setOffsetUs(offset(train))
          .setFrame(ByteString.copyFrom(content.nioBuffer(framed + Framing.LENGTH_BYTES, length)))
          .build();
    }
  }

  /** Makes the records when they are read. */
  private static final class Frames extends AbstractCollection<RecordedFrame> {
    private final List<Piece> pieces;

    /** Of each train the number of its piece in the high half, and its own there in the low one. */
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
          at = piece().start(train);
          end = piece().end(train);
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
