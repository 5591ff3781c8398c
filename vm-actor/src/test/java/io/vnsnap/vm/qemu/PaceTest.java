package io.vnsnap.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class PaceTest {
  private static final int MOST = 1 << 20;

  private final Pace pace = new Pace();

  private CompletableFuture<Integer> next(long pages, long bytes) {
    return CompletableFuture.supplyAsync(() -> {
      try {
        return pace.next(pages, bytes, MOST);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    });
  }

  @Test
  void shouldHoldTheReaderUntilItMayRead() throws Exception {
    CompletableFuture<Integer> reading = next(0, 0);
    CompletionStage<Void> unused = pace.moreBytes(100);
    assertThat(reading.get()).isEqualTo(100);
  }

  @Test
  void shouldSayWhenTheReaderWaitsAgain() throws Exception {
    CompletionStage<Void> reached = pace.moreBytes(100);
    assertThat(next(0, 0).get()).isEqualTo(100);
    assertThat(next(0, 60).get()).isEqualTo(40);
    assertThat(reached.toCompletableFuture()).isNotDone();
    CompletableFuture<Integer> waiting = next(0, 100);
    await().until(() -> reached.toCompletableFuture().isDone());
    assertThat(waiting).isNotDone();
    pace.release();
    assertThat(waiting.get()).isEqualTo(MOST);
  }

  @Test
  void shouldNotReadPastALimitInPagesEvenIfAllWereZero() throws Exception {
    CompletionStage<Void> reached = pace.morePages(10_000);
    assertThat(next(0, 0).get()).isEqualTo(10_000 * Pace.LEAST_PAGE_BYTES);
    assertThat(next(9_000, 0).get()).isEqualTo(1_000 * Pace.LEAST_PAGE_BYTES);
    assertThat(next(9_999, 0).get()).isEqualTo(Pace.LEAST_READ_BYTES);
    CompletableFuture<Integer> waiting = next(10_000, 0);
    await().until(() -> reached.toCompletableFuture().isDone());
    pace.release();
    assertThat(waiting.get()).isEqualTo(MOST);
  }

  @Test
  void shouldHaltTheReaderAtOnce() throws Exception {
    CompletionStage<Void> reached = pace.morePages(10_000);
    assertThat(next(5, 100).get()).isPositive();
    pace.halt();
    CompletableFuture<Integer> waiting = next(5, 100);
    await().until(() -> reached.toCompletableFuture().isDone());
    assertThat(waiting).isNotDone();
    pace.release();
    assertThat(waiting.get()).isEqualTo(MOST);
  }

  @Test
  void shouldTellWhoeverWaitsInVain() {
    CompletionStage<Void> reached = pace.moreBytes(100);
    pace.fail(new IllegalStateException("QEMU is gone"));
    assertThatThrownBy(() -> reached.toCompletableFuture().get())
        .isInstanceOf(ExecutionException.class)
        .hasMessageContaining("QEMU is gone");
  }

  @Test
  void shouldNeverHoldAReaderWithoutLimit() throws Exception {
    assertThat(Pace.unlimited().next(1, 1, MOST)).isEqualTo(MOST);
    pace.release();
    assertThat(pace.moreBytes(1).toCompletableFuture()).isDone();
  }
}
