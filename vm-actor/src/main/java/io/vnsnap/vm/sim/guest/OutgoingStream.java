package io.vnsnap.vm.sim.guest;

import io.vnsnap.vm.sim.guest.Events.Kind;

/**
 * The sending half of a stream to one peer: pattern bytes from position 0 on, retransmitted from
 * the last acknowledged one when no acknowledgement comes (go-back-N). What it sends is a function
 * of the position, so nothing need be kept for that.
 */
final class OutgoingStream {
  /** Bytes under way, at most. */
  static final int MAX_IN_FLIGHT = 64 * 1024;

  private static final int MAX_SEGMENT = 1024;
  private static final int MIN_SEGMENT = 64;
  private static final int SEGMENTS_PER_SECOND = 10;
  private static final long PATIENCE = 1_000_000_000;

  private final int index;
  private final Mesh mesh;
  private final Events events;
  private final Pace pace;
  private final int segment;
  private final Word next;
  private final Word highest;
  private final Word acknowledged;
  private final Word since;
  private final Word repeated;

  OutgoingStream(int index, long rate, Mesh mesh, Events events, Arena arena) {
    this.index = index;
    this.mesh = mesh;
    this.events = events;
    this.segment = Math.clamp(rate / SEGMENTS_PER_SECOND, MIN_SEGMENT, MAX_SEGMENT);
    this.pace = new Pace(arena.word(), rate, segment);
    this.next = arena.word();
    this.highest = arena.word();
    this.acknowledged = arena.word();
    this.since = arena.word();
    this.repeated = arena.word();
  }

  long sent() {
    return highest.get();
  }

  long repeated() {
    return repeated.get();
  }

  void turn(long now, long elapsed, boolean sending) {
    if (next.get() == acknowledged.get()) {
      since.set(now);
    } else if (now - since.get() > PATIENCE) {
      next.set(acknowledged.get());
      since.set(now);
    }
    pace.pass(sending ? elapsed : 0);
    while (mayRepeat() || (sending && mayGoOn())) {
      long position = next.get();
      boolean again = position < highest.get();
      if (!sendSegment(position)) {
        return;
      }
      next.set(position + segment);
      if (again) {
        repeated.add(segment);
      } else {
        highest.set(position + segment);
        pace.take(segment);
      }
    }
  }

  private boolean mayRepeat() {
    return next.get() < highest.get();
  }

  private boolean mayGoOn() {
    return next.get() - acknowledged.get() + segment <= MAX_IN_FLIGHT && pace.allows(segment);
  }

  private boolean sendSegment(long position) {
    Frame out = mesh.out();
    out.setWord(0, position);
    StreamPattern.fill(
        mesh.peer(index).session(), position, out.bytes(), Frame.HEADER + Long.BYTES, segment);
    return mesh.send(index, Message.STREAM, Long.BYTES + segment);
  }

  /** The peer has received everything before this position. */
  void acknowledge(long position, long now) {
    if (position < 0 || position > highest.get()) {
      events.add(Kind.CORRUPT, 1, mesh.peer(index).name(), highest.get(), position);
    } else if (position > acknowledged.get()) {
      acknowledged.set(position);
      since.set(now);
      next.set(Math.max(next.get(), position));
    }
  }
}
