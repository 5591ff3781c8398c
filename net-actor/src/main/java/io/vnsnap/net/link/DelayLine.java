package io.vnsnap.net.link;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;

/**
 * Frames that wait for their time, which never falls from one to the next: a ring that grows and
 * does not shrink, so that nothing is allocated for a frame. Owns the frames.
 */
final class DelayLine {
  private static final int FIRST_CAPACITY = 64; // a power of 2

  private ByteBuf[] frames = new ByteBuf[FIRST_CAPACITY];
  private long[] dues = new long[FIRST_CAPACITY];
  private int[] epochs = new int[FIRST_CAPACITY];
  private int first;
  private int size;

  void add(int epoch, long due, ByteBuf owned) {
    if (size == frames.length) {
      grow();
    }
    int at = at(size);
    frames[at] = owned;
    dues[at] = due;
    epochs[at] = epoch;
    size++;
  }

  boolean isEmpty() {
    return size == 0;
  }

  int size() {
    return size;
  }

  /** When the first frame is due; never, if there is none. */
  long due() {
    return size == 0 ? Long.MAX_VALUE : dues[first];
  }

  /** Epoch of the first frame; only if there is one. */
  int epoch() {
    return epochs[first];
  }

  /** Takes the first frame out; only if there is one. */
  ByteBuf poll() {
    ByteBuf frame = frames[first];
    frames[first] = Unpooled.EMPTY_BUFFER;
    first = at(1);
    size--;
    return frame;
  }

  private int at(int index) {
    return (first + index) & (frames.length - 1);
  }

  private void grow() {
    int old = frames.length;
    frames = rotated(frames, Arrays.copyOf(frames, 2 * old));
    dues = rotated(dues, Arrays.copyOf(dues, 2 * old));
    epochs = rotated(epochs, Arrays.copyOf(epochs, 2 * old));
    first = 0;
  }

  /** Copies the ring, which is full, so that it begins at 0. */
  private <T> T rotated(T from, T to) {
    System.arraycopy(from, first, to, 0, size - first);
    System.arraycopy(from, 0, to, size - first, first);
    return to;
  }
}
