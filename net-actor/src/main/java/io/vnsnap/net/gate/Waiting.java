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

  /** Reached the gate before the cut, or while it was shut. */
  static final long AT_THE_CUT = Long.MIN_VALUE;

  final InChannel channel;
  final int epoch;
  final long sequence;
  final @Nullable ByteBuf frame;
  final @Nullable Marker marker;
  final boolean replayed;

  /** Frames of the channel that had been lost at this gate when the marker arrived. */
  final long lostBefore;

  /** For a replayed frame, nanoseconds after the gate first opens; absolute from then on. */
  long due = AT_THE_CUT;

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

  static Waiting frame(InChannel channel, int epoch, long sequence, ByteBuf owned) {
    return new Waiting(channel, epoch, sequence, owned, null, false);
  }

  static Waiting replay(InChannel channel, long sequence, ByteBuf owned, long dueAfterOpening) {
    Waiting frame = new Waiting(channel, 0, sequence, owned, null, true);
    frame.due = dueAfterOpening;
    return frame;
  }

  static Waiting marker(InChannel channel, Marker marker) {
    return new Waiting(channel, marker.epoch(), marker.sent(), null, marker, false);
  }
}
