package io.vnsnap.net.gate;

import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Frames that are at a gate before they have arrived, as the VM sees it: what a link was still
 * delaying at its sender's cut, and after a restore the recorded ones. Each has the time at which
 * it is due. On a channel these times never fall, so frames of one channel never overtake.
 */
final class EarlyFrames {
  private final PriorityQueue<Waiting> frames = new PriorityQueue<>(EarlyFrames::compare);
  private long count;
  private int replayed;

  private static int compare(Waiting a, Waiting b) {
    int byTime = Long.compare(a.due, b.due);
    return byTime != 0 ? byTime : Long.compare(a.order, b.order);
  }

  /** Takes a frame over. */
  void add(Waiting frame) {
    frame.channel.early++;
    frame.order = count++;
    if (frame.replayed) {
      replayed++;
    }
    frames.add(frame);
  }

  /** Whether recorded frames are still here, behind which all others have to wait. */
  boolean isReplaying() {
    return replayed > 0;
  }

  /**
   * Makes the times absolute, which counted from the opening of the gate. Before that there are
   * only recorded frames, so their order stays.
   */
  void startAt(long nowNanos) {
    for (Waiting frame : inOrder()) {
      frame.due = frame.channel.dueInOrder(frame.due + nowNanos);
    }
  }

  /** Takes the next frame out, if it is due. */
  @Nullable Waiting poll(long nowNanos) {
    Waiting next = frames.peek();
    return next == null || next.due > nowNanos ? null : poll();
  }

  /** Takes the next frame out, due or not. */
  @Nullable Waiting poll() {
    Waiting next = frames.poll();
    if (next != null) {
      next.channel.early--;
      if (next.replayed) {
        replayed--;
      }
    }
    return next;
  }

  /** Time at which the next frame is due; only if there is one. */
  long nextDue() {
    Waiting next = frames.peek();
    return next == null ? Long.MAX_VALUE : next.due;
  }

  boolean isEmpty() {
    return frames.isEmpty();
  }

  int size() {
    return frames.size();
  }

  /** All frames, in the order in which they are due. */
  List<Waiting> inOrder() {
    List<Waiting> all = new ArrayList<>(frames);
    all.sort(EarlyFrames::compare);
    return all;
  }
}
