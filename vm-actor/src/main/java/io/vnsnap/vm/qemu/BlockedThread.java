package io.vnsnap.vm.qemu;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Waits until a thread of QEMU sleeps in a write to its stream. QEMU has no status for this; the
 * kernel knows that the thread sleeps, and mostly also in what.
 */
final class BlockedThread {
  /** Of a background snapshot; its name in QEMU up to 9, and after. */
  static final Set<String> BACKGROUND_SNAPSHOT = Set.of("bg_snapshot", "mig/snapshot");

  /** Of any other migration. */
  static final Set<String> MIGRATION = Set.of("live_migration", "mig/src/main");

  private static final long INTERVAL_NANOS = 1_000_000;

  /** Asleep once may be a lock; so often in a row is the write. */
  private static final int ASLEEP_TIMES = 3;

  /** The same where the kernel does not say in what it sleeps. */
  private static final int ASLEEP_TIMES_UNEXPLAINED = 30;

  private BlockedThread() {}

  /**
   * Blocks until it sleeps in the write, the limit has passed, or waiting is in vain.
   *
   * @return whether it sleeps in the write
   */
  static boolean await(long pid, Set<String> names, Duration limit, BooleanSupplier inVain) {
    Path tasks = Path.of("/proc", Long.toString(pid), "task");
    long deadline = System.nanoTime() + limit.toNanos();
    int asleep = 0;
    int unexplained = 0;
    while (System.nanoTime() < deadline && !inVain.getAsBoolean()) {
      LockSupport.parkNanos(INTERVAL_NANOS);
      String where = sleepsIn(tasks, names);
      boolean explained = where != null && isWrite(where);
      asleep = explained ? asleep + 1 : 0;
      unexplained = explained || "0".equals(where) ? unexplained + 1 : 0;
      if (asleep >= ASLEEP_TIMES || unexplained >= ASLEEP_TIMES_UNEXPLAINED) {
        return true;
      }
    }
    return false;
  }

  /** By the name of the function of the kernel: sock_alloc_send_pskb, say. */
  private static boolean isWrite(String where) {
    return where.contains("sock") || where.contains("unix");
  }

  /** Where the thread sleeps, "0" if the kernel keeps that to itself; null: it does not sleep. */
  private static @Nullable String sleepsIn(Path tasks, Set<String> names) {
    try (DirectoryStream<Path> threads = Files.newDirectoryStream(tasks)) {
      for (Path thread : threads) {
        String stat = read(thread.resolve("stat"));
        int end = stat.lastIndexOf(") ");
        if (end > 0
            && stat.startsWith("S", end + 2)
            && names.contains(stat.substring(stat.indexOf('(') + 1, end))) {
          String where = read(thread.resolve("wchan")).strip();
          return where.isEmpty() ? "0" : where;
        }
      }
    } catch (IOException e) {
      // The process is gone; whoever waits for it will notice.
      return null;
    }
    return null;
  }

  private static String read(Path file) throws IOException {
    try {
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      return "";
    } catch (IOException e) {
      // A thread that ends while it is looked at (ESRCH), or a file that may not be read.
      return "";
    }
  }
}
