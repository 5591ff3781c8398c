package io.vnsnap.shell.topology;

import io.vnsnap.proto.Shape;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the keys of a link's shape, in the words and units of tc (netem, tbf). */
final class ShapeReader {
  private static final Pattern NUMBER_AND_UNIT =
      Pattern.compile("([0-9]{1,12}(?:\\.[0-9]{1,6})?)\\s*([A-Za-z%]+)");
  private static final Map<String, Long> MICROS = Map.of("us", 1L, "ms", 1000L, "s", 1_000_000L);
  private static final Map<String, Long> BITS =
      Map.of("bit", 1L, "kbit", 1000L, "mbit", 1_000_000L, "gbit", 1_000_000_000L);
  private static final Map<String, Long> BYTES =
      Map.of("B", 1L, "KiB", 1024L, "K", 1024L, "MiB", 1024L * 1024, "M", 1024L * 1024);
  private static final Map<String, Long> PER_MILLION = Map.of("%", 10_000L);

  private static final long SOME_DELAY_US = 10_000_000; // as long as any jitter
  private static final long SOME_RATE_BPS = 1_000_000_000_000L; // as fast as any queue needs

  private final KeyReader keys;
  private final Problems problems;
  private final Shape.Builder shape = Shape.newBuilder();

  private ShapeReader(KeyReader keys, Problems problems) {
    this.keys = keys;
    this.problems = problems;
  }

  /**
   * Takes the keys of a shape out; what is not there is not set. For a delay or rate that is not
   * one stands one that all other numbers go with; other numbers are not set then.
   */
  static Shape read(KeyReader keys, Problems problems) {
    return new ShapeReader(keys, problems).read();
  }

  private Shape read() {
    int before = problems.count();
    Long delay = quantity("delay", MICROS, "50ms", "a time in us, ms or s");
    if (delay != null || problems.count() > before) {
      shape.setDelayUs(delay == null ? SOME_DELAY_US : delay);
    }
    Long jitter = quantity("jitter", MICROS, "5ms", "a time in us, ms or s");
    if (jitter != null) {
      shape.setJitterUs(jitter);
    }
    Long loss = quantity("loss", PER_MILLION, "0.1%", "a percentage");
    if (loss != null) {
      shape.setLossPpm(toInt(loss));
    }
    before = problems.count();
    Long rate = quantity("rate", BITS, "10mbit", "a rate in bit, kbit, mbit or gbit per second");
    if (rate != null || problems.count() > before) {
      shape.setRateBps(rate == null ? SOME_RATE_BPS : rate);
    }
    Long queue = quantity("queue", BYTES, "256KiB", "a size in B, KiB or MiB");
    if (queue != null) {
      shape.setQueueBytes(queue);
    }
    Long reorder = quantity("reorder", PER_MILLION, "1%", "a percentage");
    if (reorder != null) {
      shape.setReorderPpm(toInt(reorder));
    }
    readSeed();
    return shape.build();
  }

  private void readSeed() {
    int line = keys.lineOf("seed");
    String text = keys.optional("seed", "1");
    if (text.isEmpty()) {
      return;
    }
    try {
      shape.setSeed(Long.parseLong(text));
    } catch (NumberFormatException e) {
      problems.add(
          line, "\"seed\" must be a whole number, not \"%s\"; write seed: 1".formatted(text));
    }
  }

  /** A number with its unit, as a whole number of the smallest unit; null if there is none. */
  private @Nullable Long quantity(
      String key, Map<String, Long> units, String example, String what) {
    int line = keys.lineOf(key);
    String text = keys.optional(key, example);
    if (text.isEmpty()) {
      return null;
    }
    Matcher matcher = NUMBER_AND_UNIT.matcher(text);
    Long unit = matcher.matches() ? units.get(matcher.group(2)) : null;
    if (unit == null) {
      problems.add(
          line,
          "\"%s\" must be %s, not \"%s\"; write %s: %s".formatted(key, what, text, key, example));
      return null;
    }
    return new BigDecimal(matcher.group(1))
        .multiply(BigDecimal.valueOf(unit))
        .setScale(0, RoundingMode.HALF_UP)
        .longValueExact();
  }

  /** Beyond the range of int is beyond any percentage: the rules say so. */
  private static int toInt(long ppm) {
    return (int) Math.min(ppm, Integer.MAX_VALUE);
  }
}
