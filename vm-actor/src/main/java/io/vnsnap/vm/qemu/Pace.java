package io.vnsnap.vm.qemu;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Says how far the reader of a capture's stream may read. What is not read blocks QEMU. Safe for
 * use by any thread; only the reader waits.
 */
final class Pace {
  /** A page's shortest record: eight bytes of head and one that says it is zero. */
  static final int LEAST_PAGE_BYTES = 9;

  /** Less is not read at a time, near a limit in pages. */
  static final int LEAST_READ_BYTES = 4096;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private boolean free;
  private long pageLimit;
  private long byteLimit;
  private long pages;
  private long bytes;
  private CompletableFuture<Void> reached = CompletableFuture.completedFuture(null);

  /** No limit. */
  static Pace unlimited() {
    Pace pace = new Pace();
    pace.free = true;
    return pace;
  }

  /**
   * Lets so many more pages be read, never many more: QEMU may be ahead of the reader, but the
   * reader takes no more from it than these pages would be long if all were zero.
   *
   * @return completes when the reader waits again
   */
  CompletionStage<Void> morePages(long count) {
    return limit(count, 0);
  }

  /**
   * Lets so many more bytes be read.
   *
   * @return completes when the reader waits again
   */
  CompletionStage<Void> moreBytes(long count) {
    return limit(0, count);
  }

  private CompletionStage<Void> limit(long morePages, long moreBytes) {
    lock.lock();
    try {
      if (free) {
        return CompletableFuture.completedStage(null);
      }
      pageLimit = pages + morePages;
      byteLimit = bytes + moreBytes;
      CompletableFuture<Void> next = new CompletableFuture<>();
      reached = next;
      changed.signalAll();
      return next;
    } finally {
      lock.unlock();
    }
  }

  /** The reader is to wait as soon as it can. */
  void halt() {
    lock.lock();
    try {
      pageLimit = pages;
      byteLimit = bytes;
    } finally {
      lock.unlock();
    }
  }

  /** No limit any more; whoever waits for a limit need not. */
  void release() {
    lock.lock();
    try {
      free = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    reached.complete(null);
  }

  /** Whoever waits for a limit waits in vain. */
  void fail(Throwable why) {
    reached.completeExceptionally(why);
  }

  /**
   * By the reader. Blocks until it may read.
   *
   * @param pagesRead so far
   * @param bytesRead so far
   * @param most bytes to read now
   * @return bytes that may be read now, at least 1
   */
  int next(long pagesRead, long bytesRead, int most) throws InterruptedException {
    lock.lock();
    try {
      pages = pagesRead;
      bytes = bytesRead;
      while (true) {
        long allowed = free ? most : allowed();
        if (allowed > 0) {
          return (int) Math.min(most, allowed);
        }
        reached.complete(null);
        changed.await();
      }
    } finally {
      lock.unlock();
    }
  }

  private long allowed() {
    long left = pageLimit - pages;
    long forPages = left > 0 ? Math.max(LEAST_READ_BYTES, left * LEAST_PAGE_BYTES) : 0;
    return Math.max(forPages, byteLimit - bytes);
  }
}
