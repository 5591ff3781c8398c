package io.vnsnap.net.frame;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class FlusherTest {
  private final AtomicLong now = new AtomicLong(-5);
  private final Flusher flusher = new Flusher(now::get);

  @Test
  void shouldTellTheSameTimeThroughoutABatch() {
    assertThat(flusher.batchNanos()).isEqualTo(-5);
    now.set(7);
    assertThat(flusher.batchNanos()).isEqualTo(-5);
  }

  @Test
  void shouldReadTheClockAnewForTheNextBatch() {
    assertThat(flusher.batchNanos()).isEqualTo(-5);
    flusher.flush();
    now.set(7);
    assertThat(flusher.batchNanos()).isEqualTo(7);
  }

  @Test
  void shouldFlushWhatWasWrittenOnceAndInOrder() {
    List<String> flushed = new ArrayList<>();
    flusher.add(() -> flushed.add("a"));
    flusher.add(() -> flushed.add("b"));
    flusher.flush();
    flusher.flush();
    assertThat(flushed).containsExactly("a", "b");
  }
}
