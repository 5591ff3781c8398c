package io.vnsnap.net.link;

import io.vnsnap.proto.Shape;

/**
 * What happens to the frames that a VNIC sends, on their way to the link's switch.
 *
 * @param delayNanos of each frame
 * @param jitterNanos by which the delay varies up or down, evenly; frames keep their order
 * @param lossPpm frames lost, of a million
 * @param rateBps bits of Ethernet frames per second; 0: no limit
 * @param queueBytes of frames that wait because of the rate, at most
 * @param reorderPpm frames that skip the delay, of a million
 * @param seed of the random decisions
 */
public record Shaping(
    long delayNanos,
    long jitterNanos,
    int lossPpm,
    long rateBps,
    long queueBytes,
    int reorderPpm,
    long seed) {
  private static final long NANOS_PER_MICRO = 1000;

  /** Nothing happens. */
  public static final Shaping NONE = new Shaping(0, 0, 0, 0, 0, 0, 0);

  /** Takes over a shape that obeys the rules of a topology, with its defaults filled in. */
  public static Shaping of(Shape shape) {
    return new Shaping(
        shape.getDelayUs() * NANOS_PER_MICRO,
        shape.getJitterUs() * NANOS_PER_MICRO,
        shape.getLossPpm(),
        shape.getRateBps(),
        shape.getQueueBytes(),
        shape.getReorderPpm(),
        shape.getSeed());
  }

  /** Whether nothing happens. */
  public boolean isNone() {
    return delayNanos == 0 && lossPpm == 0 && rateBps == 0;
  }
}
