package io.vnsnap.bench.capture;

import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.bench.qemu.Console;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How much a guest has written to its memory by when. The guest says so once a second; what it had
 * written in between is taken to lie on a straight line. A thread of its own reads the console.
 */
final class WriteMeter implements AutoCloseable {
  private static final Pattern LINE =
      Pattern.compile("VNTRAFFIC-DIRTY .*written_mib=(\\d+) memory=(\\w+)");
  private static final Duration LINE_DEADLINE = Duration.ofMinutes(1);
  private static final int MAX_LINES = 100_000;

  private final Console console;
  private final Thread thread;
  private final List<Sample> samples = new ArrayList<>();
  private @Nullable String broken;

  /** So much had been written when the line came. */
  record Sample(long nanos, long mib) {}

  /**
   * Waits until the guest says how much it has written; only of later times something is known.
   *
   * @param console of a guest that writes; closed with the meter
   */
  WriteMeter(Console console) throws BenchmarkException, InterruptedException {
    this.console = console;
    add(console.await(LINE, LINE_DEADLINE), System.nanoTime());
    thread = Thread.ofPlatform().daemon().name("vnsnap-bench-meter").start(this::read);
  }

  private void read() {
    try {
      while (true) {
        add(console.await(LINE, LINE_DEADLINE), System.nanoTime());
      }
    } catch (BenchmarkException e) {
      end(String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      end("it is closed");
    }
  }

  private void add(Matcher line, long nanos) throws BenchmarkException {
    if (!line.group(2).equals("ok")) {
      throw new BenchmarkException("the guest's memory is " + line.group(2));
    }
    synchronized (samples) {
      if (samples.size() == MAX_LINES) {
        throw new BenchmarkException("the guest has written for too long");
      }
      samples.add(new Sample(nanos, Long.parseLong(line.group(1))));
      samples.notifyAll();
    }
  }

  private void end(String why) {
    synchronized (samples) {
      broken = why;
      samples.notifyAll();
    }
  }

  /** MiB a second from one time to another; waits for the guest's next line after that. */
  double rate(long fromNanos, long toNanos) throws BenchmarkException, InterruptedException {
    synchronized (samples) {
      while (samples.isEmpty() || samples.getLast().nanos() < toNanos) {
        if (broken != null) {
          throw new BenchmarkException("the guest's console: " + broken);
        }
        samples.wait();
      }
      return (writtenAt(samples, toNanos) - writtenAt(samples, fromNanos))
          / ((toNanos - fromNanos) / 1e9);
    }
  }

  /** MiB written by then, which must lie between two samples. */
  static double writtenAt(List<Sample> samples, long nanos) {
    for (int i = 1; i < samples.size(); i++) {
      Sample before = samples.get(i - 1);
      Sample after = samples.get(i);
      if (before.nanos() <= nanos && nanos <= after.nanos()) {
        double part = (nanos - before.nanos()) / (double) (after.nanos() - before.nanos());
        return before.mib() + part * (after.mib() - before.mib());
      }
    }
    throw new IllegalArgumentException("nothing is known of that time");
  }

  @Override
  public void close() throws IOException {
    thread.interrupt();
    console.close();
  }
}
