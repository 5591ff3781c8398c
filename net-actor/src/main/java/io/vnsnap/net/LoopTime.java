package io.vnsnap.net;

import io.netty.channel.EventLoop;
import io.vnsnap.net.gate.LoopClock;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** The time of a real event loop. */
record LoopTime(EventLoop loop) implements LoopClock {
  @Override
  public long nanos() {
    return System.nanoTime();
  }

  @Override
  public Timer after(long delayNanos, Runnable task) {
    Future<?> scheduled = loop.schedule(task, delayNanos, TimeUnit.NANOSECONDS);
    return () -> scheduled.cancel(false);
  }
}
