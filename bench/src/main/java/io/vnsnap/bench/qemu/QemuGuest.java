package io.vnsnap.bench.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.bench.Cleanup;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A QEMU process driven through its monitor. Used by one thread. */
public final class QemuGuest implements AutoCloseable {
  private static final Duration START_DEADLINE = Duration.ofSeconds(20);
  private static final Duration STOP_DEADLINE = Duration.ofSeconds(5);

  /** By then a guest of a GiB is written to the slowest disk one would measure on. */
  private static final Duration CAPTURE_DEADLINE = Duration.ofMinutes(3);

  private static final long FINALIZE_POLL_MILLIS = 1;

  private final Process process;
  private final Qmp qmp;

  private QemuGuest(Process process, Qmp qmp) {
    this.process = process;
    this.qmp = qmp;
  }

  /**
   * Starts a paused guest.
   *
   * @param commandLine must listen for a monitor on {@code monitor}, and end in {@code -S}
   */
  public static QemuGuest start(List<String> commandLine, Path monitor, Cleanup cleanup)
      throws BenchmarkException, InterruptedException {
    Process process;
    try {
      process =
          new ProcessBuilder(new ArrayList<>(commandLine))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException e) {
      throw new BenchmarkException("QEMU cannot be started: " + e.getMessage(), e);
    }
    cleanup.add(() -> end(process));
    return new QemuGuest(process, Qmp.over(UnixSockets.connect(monitor, START_DEADLINE)));
  }

  /** Gives a monitor command. */
  public JsonNode call(String command, String arguments) throws BenchmarkException {
    return qmp.call(command, arguments);
  }

  /** Lets the guest run. */
  public void resume() throws BenchmarkException {
    JsonNode unused = qmp.call("cont", "{}");
  }

  /** Forgets what was reported so far. */
  public void forgetEvents() {
    qmp.forgetEvents();
  }

  /** Waits for the next event of this name. */
  public QmpEvent await(String event) throws BenchmarkException, InterruptedException {
    return qmp.await(event, e -> e.name().equals(event), CAPTURE_DEADLINE);
  }

  /** Waits until a migration has ended. */
  public void awaitMigrated() throws BenchmarkException, InterruptedException {
    QmpEvent end =
        qmp.await(
            "the end of the migration",
            e -> e.name().equals("MIGRATION") && isEnd(e.data().path("status").asText()),
            CAPTURE_DEADLINE);
    if (!end.data().path("status").asText().equals("completed")) {
      throw new BenchmarkException("QEMU's migration failed: " + end.data());
    }
  }

  private static boolean isEnd(String status) {
    return status.equals("completed") || status.equals("failed") || status.equals("cancelled");
  }

  /** Lets the guest run as soon as QEMU has put a completed migration behind it. */
  public void resumeAfterMigration() throws BenchmarkException, InterruptedException {
    long end = System.nanoTime() + CAPTURE_DEADLINE.toNanos();
    while (!qmp.call("query-status", "{}").path("status").asText().equals("postmigrate")) {
      if (System.nanoTime() > end) {
        throw new BenchmarkException("QEMU does not finalize its migration");
      }
      Thread.sleep(FINALIZE_POLL_MILLIS);
    }
    resume();
  }

  @Override
  public void close() throws IOException {
    qmp.close();
    end(process);
  }

  private static void end(Process process) {
    process.destroyForcibly();
    try {
      if (!process.waitFor(STOP_DEADLINE.toSeconds(), TimeUnit.SECONDS)) {
        System.err.println("bench: QEMU process " + process.pid() + " does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
