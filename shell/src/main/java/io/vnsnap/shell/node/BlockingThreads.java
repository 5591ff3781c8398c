package io.vnsnap.shell.node;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Threads for work that blocks. Work never queues: a capture that waited for another one would
 * stall its guest.
 */
final class BlockingThreads {
  private static final long IDLE_SECONDS = 30;

  private BlockingThreads() {}

  /**
   * An executor that refuses work beyond its bound.
   *
   * @param most threads at a time
   */
  static ExecutorService create(int most) {
    return new ThreadPoolExecutor(
        0, most, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(), threads());
  }

  private static ThreadFactory threads() {
    AtomicInteger number = new AtomicInteger();
    return task -> {
      Thread thread = new Thread(task, "vnsnap-blocking-" + number.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
  }
}
