package io.vnsnap.simulation.akka;

import akka.actor.AbstractScheduler;
import akka.actor.Cancellable;
import akka.event.LoggingAdapter;
import com.typesafe.config.Config;
import io.vnsnap.simulation.kernel.Event;
import io.vnsnap.simulation.kernel.Kernel;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import scala.concurrent.ExecutionContext;
import scala.concurrent.duration.FiniteDuration;

/** Timers of the actor system, in virtual time; each belongs to the process that started it. */
public final class VirtualScheduler extends AbstractScheduler {
  private static final double ENDLESSLY_FINE = 1e6;

  private final Kernel kernel = Kernel.ofThread();

  /** Made by the actor system. */
  public VirtualScheduler(Config config, LoggingAdapter log, ThreadFactory threads) {}

  @Override
  @SuppressWarnings("deprecation") // abstract, so it must be there
  public Cancellable schedule(
      FiniteDuration initialDelay,
      FiniteDuration interval,
      Runnable runnable,
      ExecutionContext executor) {
    return new Repeated(
        kernel,
        runnable,
        initialDelay.toNanos(),
        Math.max(TimeUnit.MICROSECONDS.toNanos(1), interval.toNanos()));
  }

  @Override
  public Cancellable scheduleOnce(
      FiniteDuration delay, Runnable runnable, ExecutionContext executor) {
    return new Once(kernel.after(delay.toNanos(), kernel.current(), runnable));
  }

  @Override
  public double maxFrequency() {
    return ENDLESSLY_FINE;
  }

  /** Runs once. */
  private record Once(Event event) implements Cancellable {
    @Override
    public boolean cancel() {
      return event.cancel();
    }

    @Override
    public boolean isCancelled() {
      return event.isOver();
    }
  }

  /** Runs until it is cancelled. */
  private static final class Repeated implements Cancellable {
    private final Kernel kernel;
    private final Runnable body;
    private final long intervalNanos;
    private Event next;
    private boolean cancelled;

    Repeated(Kernel kernel, Runnable body, long delayNanos, long intervalNanos) {
      this.kernel = kernel;
      this.body = body;
      this.intervalNanos = intervalNanos;
      this.next = kernel.after(delayNanos, kernel.current(), this::run);
    }

    private void run() {
      body.run();
      if (!cancelled) {
        next = kernel.after(intervalNanos, kernel.current(), this::run);
      }
    }

    @Override
    public boolean cancel() {
      boolean first = !cancelled;
      cancelled = true;
      next.cancel();
      return first;
    }

    @Override
    public boolean isCancelled() {
      return cancelled;
    }
  }
}
