package io.vnsnap.net.gate;

import org.jspecify.annotations.Nullable;

/** One task that is due at one time, which may be moved. On the event loop. */
public final class Alarm {
  private final LoopClock clock;
  private final Runnable task;
  private LoopClock.@Nullable Timer timer;
  private long due;

  /**
   * An alarm that is not set.
   *
   * @param task run once each time the alarm goes off
   */
  public Alarm(LoopClock clock, Runnable task) {
    this.clock = clock;
    this.task = task;
  }

  /** Whether it will go off. */
  public boolean isSet() {
    return timer != null;
  }

  /** Sets it, in place of any earlier setting. */
  public void set(long delayNanos) {
    cancel();
    due = clock.nanos() + delayNanos;
    timer = clock.after(Math.max(0, delayNanos), this::goOff);
  }

  /** Makes sure that it goes off at this time of the clock, or was going to before. */
  public void setBy(long dueNanos) {
    if (timer == null || dueNanos < due) {
      set(dueNanos - clock.nanos());
    }
  }

  /** Makes sure that it does not go off. */
  public void cancel() {
    if (timer != null) {
      timer.cancel();
      timer = null;
    }
  }

  private void goOff() {
    timer = null;
    task.run();
  }
}
