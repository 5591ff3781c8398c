package io.vnsnap.bench.goodput;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a guest's traffic program had counted since it started when it reported.
 *
 * @param nanos when the report arrived here, by {@link System#nanoTime()}: the guest's own clock
 *     stands still while the guest does
 * @param connected whether the stream to the peer is established
 * @param received bytes of the stream from the peer, verified
 * @param resent segments that the guest's kernel sent again
 * @param timeouts how often it did so because a retransmission timer ran out
 * @param faults whatever the guest found wrong
 */
record Sample(
    long nanos, boolean connected, long received, long resent, long timeouts, long faults) {
  private static final List<String> FAULTS =
      List.of("lost", "duplicated", "reordered", "corrupt", "broken");
  private static final Pattern LINE = Pattern.compile("VNTRAFFIC vm=\\S+( [a-z_]+=\\S+)+\\s*$");
  private static final Pattern FIELD = Pattern.compile(" ([a-z_]+)=(\\S+)");

  /** The report in a console line; none if it is another line, or a damaged one. */
  static Optional<Sample> parse(String line, long nanos) {
    Matcher report = LINE.matcher(line);
    if (!report.find()) {
      return Optional.empty();
    }
    Map<String, String> fields = new HashMap<>();
    Matcher field = FIELD.matcher(report.group());
    while (field.find()) {
      fields.put(field.group(1), field.group(2));
    }
    try {
      return Optional.of(
          new Sample(
              nanos,
              fields.getOrDefault("peers", "").equals("1/1"),
              number(fields, "tcp_received"),
              number(fields, "tcp_resent"),
              number(fields, "tcp_timeouts"),
              faults(fields)));
    } catch (NumberFormatException e) {
      return Optional.empty(); // a line that another one broke into; the next one has it all again
    }
  }

  private static long faults(Map<String, String> fields) {
    long faults = fields.getOrDefault("memory", "").equals("ok") ? 0 : 1;
    for (String kind : FAULTS) {
      faults += number(fields, kind);
    }
    return faults;
  }

  private static long number(Map<String, String> fields, String name) {
    return Long.parseLong(fields.getOrDefault(name, ""));
  }
}
