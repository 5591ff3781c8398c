package io.vnsnap.net.frame;

import static java.util.stream.Collectors.joining;

import io.vnsnap.proto.DropCause;
import java.util.stream.IntStream;

/** Counts dropped frames by cause. Used by one thread, or not changed any more. */
public final class Drops {
  /** Number of causes, the unspecified one included; causes are numbered below it. */
  public static final int CAUSES = 8;

  private final long[] frames = new long[CAUSES];

  /** Counts one frame. */
  public void add(DropCause cause) {
    frames[cause.getNumber()]++;
  }

  /** Counts several frames. */
  public void add(DropCause cause, long count) {
    frames[cause.getNumber()] += count;
  }

  /** Adds all counts of another set. */
  public void add(Drops other) {
    for (int cause = 0; cause < CAUSES; cause++) {
      frames[cause] += other.frames[cause];
    }
  }

  /** Frames dropped for this cause. */
  public long of(DropCause cause) {
    return frames[cause.getNumber()];
  }

  /** Frames dropped for the cause of this number. */
  public long of(int number) {
    return frames[number];
  }

  /** Frames dropped for any cause. */
  public long total() {
    long total = 0;
    for (long count : frames) {
      total += count;
    }
    return total;
  }

  /** For people: "5 (QUEUE_FULL 3, VM_GONE 2)". */
  @Override
  public String toString() {
    return IntStream.range(0, CAUSES)
        .filter(cause -> frames[cause] > 0)
        .mapToObj(cause -> DropCause.forNumber(cause) + " " + frames[cause])
        .collect(joining(", ", total() + " (", ")"));
  }

  /** A copy that does not change with this. */
  public Drops copy() {
    Drops copy = new Drops();
    copy.add(this);
    return copy;
  }
}
