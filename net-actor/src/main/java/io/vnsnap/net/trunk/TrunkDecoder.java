package io.vnsnap.net.trunk;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.vnsnap.net.frame.RecordSplitter;
import io.vnsnap.net.gate.Marker;
import org.jspecify.annotations.Nullable;

/**
 * Makes records of the bytes that a sending host sends, and trusts none of them: whatever comes, it
 * keeps at most one record in memory. Used by one thread.
 */
final class TrunkDecoder {
  private static final int TLS_HANDSHAKE = 0x1603;

  /** Takes the records, in their order: a hello, and then trains and markers. */
  interface Sink {
    void hello(TrunkRecords.Hello hello) throws NonsenseException;

    /**
     * A train.
     *
     * @param first sequence number
     * @param train borrowed
     */
    void train(long network, int from, int to, int epoch, long first, ByteBuf train, int frames);

    /**
     * A frame that is not due yet.
     *
     * @param remainingNanos until it is
     * @param framed borrowed
     */
    void early(
        long network,
        int from,
        int to,
        int epoch,
        long sequence,
        long remainingNanos,
        ByteBuf framed);

    void marker(long network, int from, int to, Marker marker);
  }

  private final Sink sink;
  private final RecordSplitter splitter;
  private final RecordSplitter.Sink onRecord = this::onRecord;
  private boolean greeted;
  private @Nullable String nonsense;

  TrunkDecoder(ByteBufAllocator allocator, Sink sink) {
    this.sink = sink;
    this.splitter = new RecordSplitter(allocator, TrunkRecords.MAX_HELLO);
  }

  /**
   * Takes in what was read.
   *
   * @param in stays the caller's
   * @return null; or what is wrong with it, as a sentence that begins with "it". Nothing that
   *     follows makes sense then.
   */
  @Nullable String decode(ByteBuf in) {
    if (nonsense == null && !splitter.split(in, onRecord)) {
      nonsense = tooLong(splitter.brokenLength());
    }
    return nonsense;
  }

  private String tooLong(long length) {
    if (greeted) {
      return "it sent a record of %d bytes".formatted(length);
    }
    return (length >>> Short.SIZE) == TLS_HANDSHAKE
        ? "it speaks TLS, and vnsnap.tls is not set here"
        : "it does not speak the trunk's language";
  }

  /** Frees what is kept of a record that is not whole. Nothing is passed on any more. */
  void close() {
    splitter.close();
  }

  private void onRecord(ByteBuf record) {
    try {
      if (greeted) {
        dispatch(record);
      } else {
        sink.hello(TrunkRecords.readHello(record));
        greeted = true;
        splitter.limit(TrunkRecords.MAX_RECORD);
      }
    } catch (NonsenseException e) {
      nonsense = String.valueOf(e.getMessage());
      splitter.close();
    }
  }

  private void dispatch(ByteBuf record) throws NonsenseException {
    if (!TrunkRecords.hasHead(record)) {
      throw new NonsenseException("it sent a record of %d bytes".formatted(record.readableBytes()));
    }
    byte type = TrunkRecords.type(record);
    long network = TrunkRecords.network(record);
    int from = TrunkRecords.from(record);
    int to = TrunkRecords.to(record);
    if (type == TrunkRecords.TRAIN) {
      int epoch = TrunkRecords.epoch(record);
      long first = TrunkRecords.sequence(record);
      int frames = TrunkRecords.toTrain(record);
      checkNumbers(first, frames);
      sink.train(network, from, to, epoch, first, record, frames);
    } else if (type == TrunkRecords.EARLY) {
      int epoch = TrunkRecords.epoch(record);
      long sequence = TrunkRecords.sequence(record);
      long remainingNanos = TrunkRecords.toEarlyFrame(record);
      checkNumbers(sequence, 1);
      sink.early(network, from, to, epoch, sequence, remainingNanos, record);
    } else if (type == TrunkRecords.MARKER) {
      sink.marker(network, from, to, TrunkRecords.readMarker(record));
    } else {
      throw new NonsenseException("it sent a record of unknown type " + type);
    }
  }

  /** Numbers begin at 1, and never come to an end in the life of a channel. */
  private static void checkNumbers(long first, int frames) throws NonsenseException {
    if (first < 1 || first > Long.MAX_VALUE - frames) {
      throw new NonsenseException("it sent a frame of number " + first);
    }
  }
}
