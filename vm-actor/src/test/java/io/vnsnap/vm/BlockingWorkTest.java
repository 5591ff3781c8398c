package io.vnsnap.vm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class BlockingWorkTest {
  private static final Executor TAKEN =
      work -> {
        throw new RejectedExecutionException("all threads are taken");
      };

  @Test
  void shouldRefuseWorkWhereAllThreadsAreTaken() {
    CompletableFuture<String> done = BlockingWork.on(TAKEN, () -> "done").toCompletableFuture();
    assertThat(done)
        .failsWithin(1, TimeUnit.SECONDS)
        .withThrowableThat()
        .withCauseInstanceOf(IOException.class)
        .withMessageContaining("this host does as much at a time as it may");
  }

  @Test
  void shouldDoWhatMustBeDoneOnAnotherThreadWhereAllAreTaken() {
    CompletableFuture<Thread> doneBy = new CompletableFuture<>();
    BlockingWork.surely(TAKEN, () -> doneBy.complete(Thread.currentThread()));
    assertThat(doneBy)
        .succeedsWithin(10, TimeUnit.SECONDS)
        .isNotSameAs(Thread.currentThread())
        .matches(Thread::isDaemon);
  }

  @Test
  void shouldDoItOnAThreadOfTheExecutorWhereOneIsFree() {
    CompletableFuture<Thread> doneBy = new CompletableFuture<>();
    BlockingWork.surely(Runnable::run, () -> doneBy.complete(Thread.currentThread()));
    assertThat(doneBy).isCompletedWithValue(Thread.currentThread());
  }
}
