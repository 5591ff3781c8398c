package io.vnsnap.net.gate;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * A frame or a marker that waits at a gate. Exactly one of both is set.
 *
 * <p>Owns the frame's buffer until that is taken out.
 */
final class Waiting {
  /** Not recorded yet. */
  static final int NEVER = -1;

  /** Arrived before the cut, or while the gate was shut. */
  static final long AT_THE_CUT = Long.MIN_VALUE;

  final InChannel channel;
  final int epoch;
  final long sequence;
  final @Nullable ByteBuf frame;
  final @Nullable Marker marker;
  final boolean replayed;

  /** Frames of the channel that had been lost at this gate when the marker arrived. */
  final long lostBefore;

  /**
   * When it arrives, as the VM sees it, never falling on a channel; for a replayed frame,
   * nanoseconds after the gate first opens, and absolute from then on.
   */
  long due = AT_THE_CUT;

  /** Orders frames that are due at the same time. */
  long order;

  /** The rules have let it through, and the VM had only to take it. */
  boolean passed;

  /** The cut in whose log the frame is. */
  int recordedIn = NEVER;

  private Waiting(
      InChannel channel,
      int epoch,
      long sequence,
      @Nullable ByteBuf frame,
      @Nullable Marker marker,
      boolean replayed) {
    this.channel = channel;
    this.epoch = epoch;
    this.sequence = sequence;
    this.frame = frame;
    this.marker = marker;
    this.replayed = replayed;
    this.lostBefore = channel.lostAtShutGate();
  }

  static Waiting frame(InChannel channel, int epoch, long sequence, long due, ByteBuf owned) {
    Waiting frame = new Waiting(channel, epoch, sequence, owned, null, false);
    frame.due = due;
    return frame;
  }

  static Waiting replay(InChannel channel, long sequence, ByteBuf owned, long dueAfterOpening) {
    Waiting frame = new Waiting(channel, 0, sequence, owned, null, true);
    frame.due = dueAfterOpening;
    return frame;
  }

  static Waiting marker(InChannel channel, Marker marker) {
    return new Waiting(channel, marker.epoch(), marker.sent(), null, marker, false);
  }

  /** When the frame arrives, as a log has it. What the VM had only to take was there at the cut. */
  long arrival() {
    return passed ? AT_THE_CUT : due;
  }
}
