package io.vnsnap.proto.topology;

import io.vnsnap.proto.Shape;
import java.util.function.BiConsumer;

/** The rules of a shape: bounds of each number, and what makes no sense without another. */
final class ShapeRules {
  private static final long MAX_DELAY_US = 10_000_000;
  private static final long MIN_RATE = 8_000;
  private static final long MAX_RATE = 1_000_000_000_000L;
  private static final long MIN_QUEUE = 1_500;
  private static final long MAX_QUEUE = 64L << 20;
  private static final int MILLION = 1_000_000;

  /** The longest wait for the rate, the longest delay, and as much jitter as there is delay. */
  static final long LONGEST_WAY_US = 3 * MAX_DELAY_US;

  private static final int BITS = 8;

  private ShapeRules() {}

  /**
   * Checks numbers one by one, as they are written for a link or a VNIC.
   *
   * @param violation takes what is wrong, and what to write instead
   */
  static void checkNumbers(Shape shape, BiConsumer<String, String> violation) {
    if (shape.getDelayUs() < 0 || shape.getDelayUs() > MAX_DELAY_US) {
      violation.accept("delay is " + shape.getDelayUs() + " us", "write 0 to 10s");
    }
    if (shape.getJitterUs() < 0 || shape.getJitterUs() > MAX_DELAY_US) {
      violation.accept("jitter is " + shape.getJitterUs() + " us", "write 0 to 10s");
    }
    if (shape.getLossPpm() < 0 || shape.getLossPpm() > MILLION) {
      violation.accept("loss is " + percent(shape.getLossPpm()), "write 0% to 100%");
    }
    if (shape.getReorderPpm() < 0 || shape.getReorderPpm() > MILLION) {
      violation.accept("reorder is " + percent(shape.getReorderPpm()), "write 0% to 100%");
    }
    if (shape.hasRateBps() && (shape.getRateBps() < MIN_RATE || shape.getRateBps() > MAX_RATE)) {
      violation.accept("rate is " + shape.getRateBps() + " bit", "write 8kbit to 1000gbit");
    }
    if (shape.hasQueueBytes()
        && (shape.getQueueBytes() < MIN_QUEUE || shape.getQueueBytes() > MAX_QUEUE)) {
      violation.accept("queue is " + shape.getQueueBytes() + " bytes", "write 1500B to 64MiB");
    }
  }

  /** Checks how the numbers of a whole direction fit together. */
  static void checkTogether(Shape shape, BiConsumer<String, String> violation) {
    if (shape.getJitterUs() > Math.max(0, shape.getDelayUs())) {
      violation.accept(
          "jitter is longer than the delay", "write a jitter of at most the delay, or a delay");
    }
    if (shape.getReorderPpm() > 0 && shape.getDelayUs() == 0) {
      violation.accept(
          "reorder without a delay changes nothing", "write a delay, which some frames then skip");
    }
    if (shape.hasQueueBytes() && !shape.hasRateBps()) {
      violation.accept("queue without a rate changes nothing", "write the rate");
    }
    if (shape.hasQueueBytes()
        && shape.getRateBps() >= MIN_RATE
        && shape.getQueueBytes() > largestQueue(shape.getRateBps())) {
      violation.accept(
          "a queue of %d bytes takes more than 10s at a rate of %d bit"
              .formatted(shape.getQueueBytes(), shape.getRateBps()),
          "write queue: %dB or less".formatted(largestQueue(shape.getRateBps())));
    }
  }

  /** Bytes that pass at a rate in the longest time that a frame may wait. */
  static long largestQueue(long rateBps) {
    return Math.max(MIN_QUEUE, rateBps * (MAX_DELAY_US / MILLION) / BITS);
  }

  private static String percent(int ppm) {
    return ppm / 10_000.0 + "%";
  }
}
