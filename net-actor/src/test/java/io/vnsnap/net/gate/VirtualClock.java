package io.vnsnap.net.gate;

import java.time.Duration;
import java.util.Comparator;
import java.util.PriorityQueue;

/** Time that passes only when it is told to. */
public final class VirtualClock implements LoopClock {
  private static final class Task {
    private final long due;
    private final long order;
    private final Runnable work;

    Task(long due, long order, Runnable work) {
      this.due = due;
      this.order = order;
      this.work = work;
    }
  }

  /** What is due at once runs in the next turn of the loop, a microsecond later. */
  private static final long ONE_TURN = 1000;

  private final PriorityQueue<Task> tasks =
      new PriorityQueue<>(
          Comparator.<Task>comparingLong(t -> t.due).thenComparingLong(t -> t.order));
  private long now = 1_000_000_000L;
  private long count;

  @Override
  public long nanos() {
    return now;
  }

  @Override
  public Timer after(long delayNanos, Runnable work) {
    Task task = new Task(now + Math.max(delayNanos, ONE_TURN), count++, work);
    tasks.add(task);
    return () -> tasks.remove(task);
  }

  /** Lets time pass, and what becomes due meanwhile happen. */
  public void advance(Duration duration) {
    long end = now + duration.toNanos();
    for (Task next = tasks.peek(); next != null && next.due <= end; next = tasks.peek()) {
      now = Math.max(now, next.due);
      tasks.remove(next);
      next.work.run();
    }
    now = end;
  }

  /** Tasks that are not due yet. */
  public int pending() {
    return tasks.size();
  }
}
