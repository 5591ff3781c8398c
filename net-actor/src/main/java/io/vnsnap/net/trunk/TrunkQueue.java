package io.vnsnap.net.trunk;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.vnsnap.net.gate.Marker;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The records on their way to one host: those that wait, and those that were handed to a connection
 * and are kept until the receiver has acknowledged them, to be sent again if the connection breaks.
 * Both share one bound. Records are numbered from 1 on, without a gap.
 *
 * <p>They are kept as bytes in batches, in the order in which they are sent. Used by one thread.
 */
final class TrunkQueue {
  static final int BATCH_BYTES = 32 * 1024;

  /** Told what is given up. */
  @FunctionalInterface
  interface Losses {
    /** This many frames of the channel will not be sent. */
    void lost(ChannelAddress channel, long frames);
  }

  private static final class Batch {
    final ByteBuf bytes;

    /** Number of its first record. */
    final long first;

    /** Number of the record after its last. */
    long end;

    /** Bytes of it that were handed over. */
    int handed;

    Batch(ByteBuf bytes, long first) {
      this.bytes = bytes;
      this.first = first;
      this.end = first;
    }

    boolean isHandedOver() {
      return handed == bytes.writerIndex();
    }
  }

  private final ByteBufAllocator allocator;
  private final long maxBytes;
  private final long markerReserve;

  /** Batches that were handed over whole, and are not filled any more. */
  private final ArrayDeque<Batch> kept = new ArrayDeque<>();

  /** All others: the first may have been handed over in part, the last is being filled. */
  private final ArrayDeque<Batch> waiting = new ArrayDeque<>();

  private long bytes;
  private long next = 1;
  private long handedOver;
  private long acknowledged;

  /**
   * @param maxBytes memory for all records
   * @param markerReserve memory beyond that which only markers take
   */
  TrunkQueue(ByteBufAllocator allocator, long maxBytes, long markerReserve) {
    this.allocator = allocator;
    this.maxBytes = maxBytes;
    this.markerReserve = markerReserve;
  }

  /** Adds a train; false if there is no room. */
  boolean add(ChannelAddress channel, int epoch, long first, ByteBuf train) {
    int size = TrunkRecords.TRAIN_OVERHEAD + train.readableBytes();
    if (!hasRoom(size, maxBytes)) {
      return false;
    }
    Batch batch = room(size);
    TrunkRecords.writeTrain(batch.bytes, channel, epoch, first, train);
    added(batch);
    return true;
  }

  /** Adds a frame that is not due yet; false if there is no room. */
  boolean addEarly(
      ChannelAddress channel, int epoch, long sequence, long remainingNanos, ByteBuf framed) {
    int size = TrunkRecords.EARLY_OVERHEAD + framed.readableBytes();
    if (!hasRoom(size, maxBytes)) {
      return false;
    }
    Batch batch = room(size);
    TrunkRecords.writeEarly(batch.bytes, channel, epoch, sequence, remainingNanos, framed);
    added(batch);
    return true;
  }

  /** Whether a marker fits into the reserve; if not, {@link #giveUpFrames} makes room. */
  boolean hasRoomForMarker() {
    return hasRoom(TrunkRecords.MARKER_SIZE, maxBytes + markerReserve);
  }

  /** Adds a marker, come what may. */
  void add(ChannelAddress channel, Marker marker) {
    Batch batch = room(TrunkRecords.MARKER_SIZE);
    TrunkRecords.writeMarker(batch.bytes, channel, marker);
    added(batch);
  }

  /**
   * The next bytes to be sent, always whole records; they count as handed over from now on.
   *
   * @return owned by the caller; null if nothing waits
   */
  @Nullable ByteBuf poll() {
    Batch batch = waiting.peekFirst();
    if (batch == null || batch.isHandedOver()) {
      return null;
    }
    int from = batch.handed;
    batch.handed = batch.bytes.writerIndex();
    handedOver = batch.end - 1;
    if (waiting.size() > 1) {
      kept.addLast(waiting.removeFirst());
    }
    return batch.bytes.retainedSlice(from, batch.handed - from);
  }

  /** Whether the receiver may say that it has everything up to this record. */
  boolean isPlausible(long received) {
    return received >= acknowledged && received <= handedOver;
  }

  /**
   * The receiver has everything up to this record, which is {@linkplain #isPlausible plausible}.
   */
  void acknowledge(long received) {
    acknowledged = received;
    for (Batch oldest = kept.peekFirst();
        oldest != null && oldest.end <= received + 1;
        oldest = kept.peekFirst()) {
      release(kept.removeFirst());
    }
    Batch last = waiting.peekFirst();
    if (last != null && last.isHandedOver() && last.end <= received + 1) {
      release(waiting.removeFirst());
    }
  }

  /**
   * A new connection begins after this record, which is {@linkplain #isPlausible plausible}: what
   * follows it waits again.
   */
  void resumeAfter(long received) {
    acknowledge(received);
    for (Batch batch = kept.pollLast(); batch != null; batch = kept.pollLast()) {
      waiting.addFirst(batch);
    }
    for (Batch batch : waiting) {
      batch.handed = 0;
    }
    handedOver = received;
    Batch first = waiting.peekFirst();
    if (first != null) {
      for (long number = first.first; number <= received; number++) {
        first.handed += TrunkRecords.size(first.bytes, first.handed);
      }
    }
  }

  /**
   * Gives up all frames that wait. Of each channel the last marker goes on waiting, and counts what
   * was given up before it; an older one belongs to a cut that was given up before the newer began.
   * What was handed over is not touched.
   */
  void giveUpFrames(Losses losses) {
    Map<ChannelAddress, Long> lost = new LinkedHashMap<>();
    Map<ChannelAddress, Marker> markers = new LinkedHashMap<>();
    for (Batch batch : waiting) {
      int size;
      for (int at = batch.handed; at < batch.bytes.writerIndex(); at += size) {
        size = TrunkRecords.size(batch.bytes, at);
        ByteBuf record = batch.bytes.slice(at, size);
        ChannelAddress channel = TrunkRecords.channel(record);
        if (TrunkRecords.type(record) != TrunkRecords.MARKER) {
          lost.merge(channel, (long) own(() -> TrunkRecords.frames(record)), Long::sum);
        } else {
          markers.remove(channel); // the order is that of the last ones
          markers.put(
              channel,
              own(() -> TrunkRecords.readMarker(record))
                  .withBroken(lost.getOrDefault(channel, 0L)));
        }
      }
    }
    cutAfterHandedOver();
    markers.forEach(this::add);
    lost.forEach(losses::lost);
  }

  /** Reads from a record of this host, which makes sense. */
  private static <T> T own(Reading<T> reading) {
    try {
      return reading.read();
    } catch (NonsenseException e) {
      throw new IllegalStateException("a record of this host", e);
    }
  }

  private interface Reading<T> {
    T read() throws NonsenseException;
  }

  private void cutAfterHandedOver() {
    next = handedOver + 1;
    Batch first = waiting.pollFirst();
    waiting.forEach(this::release);
    waiting.clear();
    if (first != null && first.handed > 0) {
      first.bytes.writerIndex(first.handed);
      first.end = next;
      waiting.addLast(first); // there is room in it
    } else if (first != null) {
      release(first);
    }
  }

  /** Number of the oldest record that can still be sent. */
  long first() {
    return acknowledged + 1;
  }

  /** Memory taken, in bytes. */
  long bytes() {
    return bytes;
  }

  /** Frees everything. */
  void clear() {
    kept.forEach(this::release);
    kept.clear();
    waiting.forEach(this::release);
    waiting.clear();
  }

  /** Room that was made for a marker beyond the limit is not for frames. */
  private boolean hasRoom(int size, long limit) {
    Batch last = waiting.peekLast();
    return (last != null && last.bytes.writableBytes() >= size)
        ? bytes <= limit
        : bytes + Math.max(BATCH_BYTES, size) <= limit;
  }

  private Batch room(int size) {
    Batch last = waiting.peekLast();
    if (last != null && last.bytes.writableBytes() >= size) {
      return last;
    }
    if (last != null && last.isHandedOver()) {
      kept.addLast(waiting.removeLast());
    }
    int capacity = Math.max(BATCH_BYTES, size);
    bytes += capacity;
    Batch batch = new Batch(allocator.directBuffer(capacity, capacity), next);
    waiting.addLast(batch);
    return batch;
  }

  private void added(Batch batch) {
    next++;
    batch.end = next;
  }

  private void release(Batch batch) {
    bytes -= batch.bytes.capacity();
    batch.bytes.release();
  }
}
