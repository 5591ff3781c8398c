package io.vnsnap.bench.restore;

import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.bench.qemu.Console;
import java.io.IOException;
import java.time.Duration;
import java.util.regex.Pattern;

/** The first answer of a guest that was brought back: its shell runs a command. */
final class Answer {
  private static final Duration DEADLINE = Duration.ofMinutes(2);

  /** Not what the console echoes, which has the quotes. */
  private static final String COMMAND = "echo HE''RE";

  private static final Pattern ANSWER = Pattern.compile("^HERE");

  private Answer() {}

  /**
   * Asks, and waits for the answer.
   *
   * @param begunNanos when the order was given, by {@link System#nanoTime}
   */
  static double millisSince(long begunNanos, Console console)
      throws BenchmarkException, IOException, InterruptedException {
    console.type("");
    console.type(COMMAND);
    var unused = console.await(ANSWER, DEADLINE);
    return (System.nanoTime() - begunNanos) / 1e6;
  }
}
