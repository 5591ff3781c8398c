package io.vnsnap.bench.goodput;

import com.google.protobuf.ByteString;
import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.shell.api.ConsoleListener;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** The reports that one guest makes on its console. Safe for several threads. */
final class GuestLog implements ConsoleListener {
  private static final int MAX_SAMPLES = 100_000;
  private static final int MAX_LINE = 4096;
  private static final long LOOK_MILLIS = 50;

  private final String vm;
  private final StringBuilder line = new StringBuilder();
  private final List<Sample> samples = new ArrayList<>();
  private String closedReason = "";

  GuestLog(String vm) {
    this.vm = vm;
  }

  @Override
  public synchronized void output(ByteString data, long skippedBytes) {
    long now = System.nanoTime();
    for (char c : data.toString(StandardCharsets.ISO_8859_1).toCharArray()) {
      if (c == '\n') {
        Sample.parse(line.toString(), now)
            .filter(sample -> samples.size() < MAX_SAMPLES)
            .ifPresent(samples::add);
        line.setLength(0);
      } else if (line.length() < MAX_LINE) {
        line.append(c);
      }
    }
  }

  @Override
  public synchronized void closed(String reason) {
    closedReason = reason;
  }

  synchronized List<Sample> samples() {
    return List.copyOf(samples);
  }

  /** Waits for a report of which something holds. */
  void await(String what, long seconds, Predicate<Sample> wanted)
      throws BenchmarkException, InterruptedException {
    long end = System.nanoTime() + seconds * 1_000_000_000;
    while (samples().stream().noneMatch(wanted)) {
      synchronized (this) {
        if (!closedReason.isEmpty()) {
          throw new BenchmarkException("the console of " + vm + " closed: " + closedReason);
        }
      }
      if (System.nanoTime() > end) {
        throw new BenchmarkException("%s: no %s within %d s".formatted(vm, what, seconds));
      }
      Thread.sleep(LOOK_MILLIS);
    }
  }
}
