package io.vnsnap.simulation.kernel;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.AbstractScheduledEventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Ticker;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An event loop of a simulated process. It takes a turn when it has work and its process gets a
 * processor; a caller counts as being on it only during its turn, though all loops share a thread.
 * It never ends; its process does.
 */
public final class VirtualLoop extends AbstractScheduledEventExecutor implements EventLoop {
  private final Kernel kernel;
  private final SimulatedProcess process;
  private final Ticker ticker;
  private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
  private boolean inTurn;
  private @Nullable Event turn;
  private @Nullable Event alarm;
  private long alarmAt;

  /** A loop without work. */
  public VirtualLoop(Kernel kernel, SimulatedProcess process) {
    this.kernel = kernel;
    this.process = process;
    this.ticker = new KernelTicker(kernel);
  }

  /** Whose loop it is. */
  public SimulatedProcess process() {
    return process;
  }

  @Override
  public Ticker ticker() {
    return ticker;
  }

  @Override
  public void execute(Runnable command) {
    tasks.add(Objects.requireNonNull(command));
    wake();
  }

  private void wake() {
    if (!inTurn && (turn == null || turn.isOver())) {
      turn = kernel.soon(process, this::takeTurn);
    }
  }

  private void takeTurn() {
    inTurn = true;
    try {
      addDueTasks();
      for (int left = tasks.size(); left > 0; left--) {
        safeExecute(tasks.remove());
      }
    } finally {
      inTurn = false;
    }
    if (!tasks.isEmpty()) {
      wake();
    }
    setAlarm();
  }

  private void addDueTasks() {
    long at = ticker.nanoTime();
    for (Runnable due = pollScheduledTask(at); due != null; due = pollScheduledTask(at)) {
      tasks.add(due);
    }
  }

  /** A turn is due when the next scheduled task is. */
  private void setAlarm() {
    long next = nextScheduledTaskDeadlineNanos();
    if (next < 0) {
      return;
    }
    if (alarm != null && !alarm.isOver()) {
      if (alarmAt <= next) {
        return;
      }
      alarm.cancel();
    }
    alarmAt = next;
    alarm = kernel.after(next - kernel.nanos(), process, this::wakeByAlarm);
  }

  private void wakeByAlarm() {
    if (turn == null || turn.isOver()) {
      turn = kernel.soon(process, this::takeTurn);
    }
  }

  @Override
  public boolean inEventLoop(Thread thread) {
    return inTurn;
  }

  @Override
  public EventLoopGroup parent() {
    return this;
  }

  @Override
  public EventLoop next() {
    return this;
  }

  @Override
  public ChannelFuture register(Channel channel) {
    return register(new DefaultChannelPromise(channel, this));
  }

  @Override
  public ChannelFuture register(ChannelPromise promise) {
    promise.channel().unsafe().register(this, promise);
    return promise;
  }

  @Override
  @Deprecated
  public ChannelFuture register(Channel channel, ChannelPromise promise) {
    channel.unsafe().register(this, promise);
    return promise;
  }

  @Override
  public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
    throw new UnsupportedOperationException("its process ends it");
  }

  @Override
  @Deprecated
  public void shutdown() {
    throw new UnsupportedOperationException("its process ends it");
  }

  @Override
  public Future<?> terminationFuture() {
    return newPromise();
  }

  @Override
  public boolean isShuttingDown() {
    return false;
  }

  @Override
  public boolean isShutdown() {
    return false;
  }

  @Override
  public boolean isTerminated() {
    return false;
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) {
    return false;
  }

  /** Virtual time for netty. */
  private record KernelTicker(Kernel kernel) implements Ticker {
    @Override
    public long initialNanoTime() {
      return 0;
    }

    @Override
    public long nanoTime() {
      return kernel.nanos();
    }

    @Override
    public void sleep(long delay, TimeUnit unit) {
      throw new UnsupportedOperationException("nothing sleeps in virtual time");
    }
  }
}
