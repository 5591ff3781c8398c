package io.vnsnap.net;

import io.vnsnap.net.frame.Flusher;
import io.vnsnap.net.gate.LoopClock;
import io.vnsnap.net.transport.Transport;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The time of an event loop. What a task wrote is flushed after it. */
record LoopTime(Transport transport, Flusher flusher) implements LoopClock {
  private static final Logger LOG = LoggerFactory.getLogger(LoopTime.class);

  @Override
  public long nanos() {
    return transport.nanos();
  }

  @Override
  public long batchNanos() {
    return flusher.batchNanos();
  }

  @Override
  public Timer after(long delayNanos, Runnable task) {
    Future<?> scheduled =
        transport.loop().schedule(() -> runAndFlush(task), delayNanos, TimeUnit.NANOSECONDS);
    return () -> scheduled.cancel(false);
  }

  private void runAndFlush(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      LOG.error("A task of the data plane failed", e);
    }
    flusher.flush();
  }
}
