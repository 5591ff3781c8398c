package io.vnsnap.net.gate;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The frames and markers that wait at one gate, in three rows that share one bound: <em>held</em>
 * ones, on which the rules have not been applied, <em>{@linkplain EarlyFrames early}</em> ones,
 * which have passed the rules and are not due yet, and the <em>backlog</em>, which only waits for
 * the VM to take it. On each channel the backlog is older than the early frames, and these are
 * older than what is held.
 *
 * <p>Frames are copied into buffers of their own size, so that a small one does not keep a whole
 * read alive. Replayed frames are not counted against the bound: their memory is bounded by the log
 * they come from.
 */
final class WaitingLine {
  private static final int FRAME_OVERHEAD = 256;

  private final ByteBufAllocator allocator;
  private final long maxBytes;
  private final ArrayDeque<Waiting> held = new ArrayDeque<>();
  private final ArrayDeque<Waiting> backlog = new ArrayDeque<>();
  private final EarlyFrames early = new EarlyFrames();
  private long bytes;

  WaitingLine(ByteBufAllocator allocator, long maxBytes) {
    this.allocator = allocator;
    this.maxBytes = maxBytes;
  }

  /** Copies the frame; false if there is no room. */
  boolean hold(InChannel channel, int epoch, long sequence, long due, ByteBuf framed) {
    Waiting frame = admit(channel, epoch, sequence, due, framed);
    if (frame == null) {
      return false;
    }
    holdLast(frame);
    return true;
  }

  /** Copies the frame; null if there is no room. The caller puts it into a row. */
  @Nullable Waiting admit(InChannel channel, int epoch, long sequence, long due, ByteBuf framed) {
    int cost = framed.readableBytes() + FRAME_OVERHEAD;
    if (bytes + cost > maxBytes) {
      return null;
    }
    bytes += cost;
    return Waiting.frame(channel, epoch, sequence, due, copy(framed));
  }

  void holdMarker(InChannel channel, Marker marker) {
    channel.waitingMarkers++;
    holdLast(Waiting.marker(channel, marker));
  }

  /** Recorded frames begin to come; what waits already comes after them. */
  void startReplay(long nowNanos) {
    early.startAt(nowNanos);
    held.forEach(item -> item.due = item.channel.dueInOrder(item.due));
  }

  /** Frames that are not due yet. */
  EarlyFrames early() {
    return early;
  }

  void holdLast(Waiting item) {
    item.channel.waiting++;
    held.addLast(item);
  }

  /** Puts back at the front what was just taken from there. */
  void holdFirst(Waiting item) {
    item.channel.waiting++;
    held.addFirst(item);
  }

  @Nullable Waiting pollHeld() {
    Waiting item = held.pollFirst();
    if (item != null) {
      item.channel.waiting--;
    }
    return item;
  }

  /** To be called for each held item that the gate is done with or moves to another row. */
  static void passed(Waiting item) {
    if (item.marker != null) {
      item.channel.waitingMarkers--;
    }
  }

  void addBacklog(Waiting item) {
    item.passed = true;
    backlog.addLast(item);
  }

  @Nullable Waiting peekBacklog() {
    return backlog.peekFirst();
  }

  Waiting pollBacklog() {
    return backlog.removeFirst();
  }

  boolean isBacklogEmpty() {
    return backlog.isEmpty();
  }

  /** What the VM has not been given counts as held again, before everything else. */
  void takeBack() {
    for (Iterator<Waiting> youngestFirst = backlog.descendingIterator();
        youngestFirst.hasNext(); ) {
      holdFirst(youngestFirst.next());
    }
    backlog.clear();
  }

  /** Frees the frame, which is in no row any more. */
  void release(Waiting item) {
    if (item.frame != null) {
      if (!item.replayed) {
        bytes -= item.frame.readableBytes() + FRAME_OVERHEAD;
      }
      item.frame.release();
    }
  }

  int heldItems() {
    return held.size();
  }

  long heldFrames() {
    return held.stream().filter(item -> item.frame != null).count();
  }

  /** The highest epoch that waits; {@code floor} if none is higher. */
  int highestEpoch(int floor) {
    int highest = floor;
    for (Waiting item : held) {
      highest = Math.max(highest, item.epoch);
    }
    return highest;
  }

  /** Held frames that the rules had let through before the gate was shut, in order. */
  List<Waiting> takenBack() {
    return held.stream().filter(item -> item.passed).toList();
  }

  /** Frames and markers in all rows. */
  int items() {
    return held.size() + early.size() + backlog.size();
  }

  long bytes() {
    return bytes;
  }

  ByteBuf copy(ByteBuf framed) {
    int size = framed.readableBytes();
    return allocator.directBuffer(size, size).writeBytes(framed, framed.readerIndex(), size);
  }

  ByteBuf newFrame(int size) {
    return allocator.directBuffer(size, size);
  }

  void clear() {
    for (Waiting item = pollHeld(); item != null; item = pollHeld()) {
      release(item);
    }
    for (Waiting item = early.poll(); item != null; item = early.poll()) {
      release(item);
    }
    while (!backlog.isEmpty()) {
      release(backlog.removeFirst());
    }
  }
}
