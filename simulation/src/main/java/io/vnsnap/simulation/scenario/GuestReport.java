package io.vnsnap.simulation.scenario;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a guest says of itself.
 *
 * @param line as it prints it
 */
record GuestReport(String line) {
  private static final List<String> MUST_BE_ZERO =
      List.of("lost", "duplicated", "reordered", "corrupt", "broken", "violations");

  private Map<String, String> words() {
    Map<String, String> words = new HashMap<>();
    for (String word : line.split(" ", -1)) {
      int equals = word.indexOf('=');
      if (equals > 0) {
        words.put(word.substring(0, equals), word.substring(equals + 1));
      }
    }
    return words;
  }

  /** What it found wrong; empty: nothing. */
  String complaint() {
    Map<String, String> words = words();
    for (String word : MUST_BE_ZERO) {
      if (!words.getOrDefault(word, "0").equals("0")) {
        return word;
      }
    }
    return words.getOrDefault("memory", "ok").equals("ok") ? "" : "memory";
  }

  /** What it has received so far; grows while its network works. */
  long received() {
    Map<String, String> words = words();
    return Long.parseLong(words.getOrDefault("udp_received", "0"))
        + Long.parseLong(words.getOrDefault("tcp_received", "0"));
  }
}
