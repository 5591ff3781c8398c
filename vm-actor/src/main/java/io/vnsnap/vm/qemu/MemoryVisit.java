package io.vnsnap.vm.qemu;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * Waits until QEMU's background snapshot thread has visited the guest's memory and sleeps in the
 * write that follows. QEMU has no status for this; the kernel knows that the thread sleeps. Nothing
 * but the length of the pause depends on the answer.
 */
final class MemoryVisit {
  private static final String THREAD = "(bg_snapshot) ";
  private static final long INTERVAL_NANOS = 1_000_000;

  /** Asleep once may be a lock; so often in a row is the write. */
  private static final int ASLEEP_TIMES = 3;

  private MemoryVisit() {}

  /** Blocks until the visit is done, the limit has passed, or waiting is in vain. */
  static void await(long pid, Duration limit, BooleanSupplier inVain) {
    Path tasks = Path.of("/proc", Long.toString(pid), "task");
    long deadline = System.nanoTime() + limit.toNanos();
    int asleep = 0;
    while (asleep < ASLEEP_TIMES && System.nanoTime() < deadline && !inVain.getAsBoolean()) {
      LockSupport.parkNanos(INTERVAL_NANOS);
      asleep = sleeps(tasks) ? asleep + 1 : 0;
    }
  }

  private static boolean sleeps(Path tasks) {
    try (DirectoryStream<Path> threads = Files.newDirectoryStream(tasks)) {
      for (Path thread : threads) {
        if (stat(thread).contains(THREAD + "S")) {
          return true;
        }
      }
    } catch (IOException e) {
      // The process is gone; whoever waits for it will notice.
      return true;
    }
    return false;
  }

  private static String stat(Path thread) throws IOException {
    try {
      return Files.readString(thread.resolve("stat"));
    } catch (NoSuchFileException e) {
      return "";
    }
  }
}
