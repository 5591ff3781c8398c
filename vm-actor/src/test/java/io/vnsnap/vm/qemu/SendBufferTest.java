package io.vnsnap.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.epoll.Epoll;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SendBufferTest {
  static {
    Epoll.ensureAvailability(); // loads what sockets are made of
  }

  private final LocalSockets.Pair pair = LocalSockets.pair();
  private final SendBuffer buffer = new SendBuffer(pair.theirs());

  SendBufferTest() throws IOException {}

  @AfterEach
  void close() throws IOException {
    pair.close();
  }

  @Test
  void shouldBeSmallUntilItIsMadeWider() throws IOException {
    List<SendBuffer.Width> widths = buffer.widths();
    assertThat(widths).extracting(SendBuffer.Width::kept).isSortedAccordingTo((a, b) -> b - a);
    SendBuffer.Width small = widths.getLast();
    assertThat(small.kept()).isLessThan(widths.getFirst().kept());
    assertThat(buffer.kept()).isEqualTo(small.kept());
    assertThat(LocalSockets.fill(pair.theirs())).isLessThanOrEqualTo(2L * small.kept());
  }

  @Test
  void shouldKnowHowMuchTheKernelKeeps() throws IOException {
    for (SendBuffer.Width width : buffer.widths()) {
      buffer.set(width);
      assertThat(buffer.kept()).isEqualTo(pair.theirs().getSendBufferSize());
    }
  }
}
