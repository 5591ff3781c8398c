package io.vnsnap.store.file;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A thread that does one thing to each chunk, in order, and passes it on. After a failure it passes
 * chunks on without touching them, so that nobody waits for it in vain.
 */
final class Stage {
  /** Ends the thread; no chunk is without room. */
  private static final ByteBuffer END = ByteBuffer.allocate(0);

  /** What is done to a chunk; its position and limit may be changed. */
  interface Action {
    void on(ByteBuffer chunk) throws IOException;
  }

  private final ArrayBlockingQueue<ByteBuffer> queue;
  private final Action action;
  private final Consumer<ByteBuffer> next;
  private final Thread thread;
  private volatile @Nullable Throwable failure;
  private volatile boolean cancelled;
  private boolean ended;

  /**
   * @param most chunks that exist in this pipeline; so many fit the queue, hence {@link #put} never
   *     waits
   * @param next takes each chunk afterwards and must not wait
   */
  Stage(String name, int most, Action action, Consumer<ByteBuffer> next) {
    this.queue = new ArrayBlockingQueue<>(most + 1);
    this.action = action;
    this.next = next;
    this.thread = Thread.ofPlatform().daemon().name(name).start(this::run);
  }

  void put(ByteBuffer chunk) {
    queue.add(chunk);
  }

  /**
   * Throws what went wrong so far.
   *
   * @throws IOException new each time, with the first one as its cause
   */
  void check() throws IOException {
    Throwable first = failure;
    if (first instanceof IOException e) {
      throw e;
    }
    if (first != null) {
      throw new IOException("the thread " + thread.getName() + " failed: " + first, first);
    }
  }

  /** Waits until all chunks put so far are done, ends the thread, and throws what went wrong. */
  void finish() throws IOException {
    end();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw interrupted(e);
    }
    check();
  }

  /** Ends the thread without doing what is still queued; waits for the chunk it is at. */
  void cancel() {
    cancelled = true;
    end();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  static InterruptedIOException interrupted(InterruptedException cause) {
    var e = new InterruptedIOException("interrupted while waiting for the store");
    e.initCause(cause);
    return e;
  }

  private void end() {
    if (!ended) {
      ended = true;
      queue.add(END);
    }
  }

  private void run() {
    try {
      for (ByteBuffer chunk = queue.take(); isChunk(chunk); chunk = queue.take()) {
        if (failure == null && !cancelled) {
          act(chunk);
        }
        next.accept(chunk);
      }
    } catch (InterruptedException e) {
      failure = e; // Nobody interrupts this thread; if somebody does, its user hears of it.
    }
  }

  private static boolean isChunk(ByteBuffer queued) {
    return queued.capacity() > 0;
  }

  private void act(ByteBuffer chunk) {
    try {
      action.on(chunk);
    } catch (IOException | RuntimeException | Error e) {
      failure = e;
    }
  }
}
