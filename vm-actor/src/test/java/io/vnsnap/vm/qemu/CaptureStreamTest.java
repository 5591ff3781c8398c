package io.vnsnap.vm.qemu;

import static io.vnsnap.vm.qemu.RunningGuests.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.Socket;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.vm.HypervisorException;
import io.vnsnap.vm.MemoryStore;
import io.vnsnap.vm.qemu.stream.RecordedStream;
import io.vnsnap.vm.qemu.stream.RecordedStream.Kind;
import io.vnsnap.vm.qemu.stream.StreamException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of a stream, whatever is on it: the test plays QEMU. */
@Timeout(60)
class CaptureStreamTest {
  private static final int MUCH = 8 << 20;
  private static final String NO_MEMORY = "no memory in the test store";

  private final MemoryStore store = new MemoryStore();
  private final byte[] good = RecordedStream.of(Kind.INSTANT_7, 1).bytes();
  private Socket qemu;
  private CaptureStream stream;
  private Thread thread;

  @BeforeEach
  void begin() throws IOException {
    Epoll.ensureAvailability(); // It has the native part of the sockets.
    LocalSockets.Pair pair = LocalSockets.pair();
    qemu = pair.theirs();
    stream =
        new CaptureStream(
            store.writeImage(ImageTarget.of("s1", "vne", "vm")),
            ByteBuffer.allocateDirect(10_000),
            pair.ours(),
            Pace.unlimited());
    thread = Thread.ofPlatform().start(stream::run);
    stream.begin();
  }

  @AfterEach
  @Timeout(10)
  void end() throws Exception {
    stream.giveUp(new HypervisorException("the test is over"));
    qemu.close();
    thread.join();
    assertThat(store.open()).isZero();
  }

  private void send(byte[] bytes, int from, int to) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(to - from).put(bytes, from, to - from).flip();
    while (buffer.hasRemaining()) {
      buffer.position(buffer.position() + qemu.write(buffer, buffer.position(), buffer.limit()));
    }
  }

  @Test
  void shouldKeepTheImageThatQemuSaysIsWhole() throws Exception {
    send(good, 0, good.length);
    qemu.close();
    await().until(stream::drained);
    assertThat(stream.committed().toCompletableFuture()).isNotDone();
    stream.approve();
    get(stream.committed());
    assertThat(store.holds("s1", "vm")).isTrue();
    assertThat(stream.counts().bytes()).isEqualTo(good.length);
    get(stream.ended());
  }

  @Test
  void shouldNotTakeBackWhatIsBeingCommitted() throws Exception {
    CountDownLatch commits = new CountDownLatch(1);
    send(good, 0, good.length);
    qemu.close();
    await().until(stream::drained);
    store.hangUntil(commits);
    stream.approve();
    await().until(() -> store.hung() == 1);
    assertThat(stream.giveUp(new HypervisorException("not wanted"))).isFalse();
    commits.countDown();
    get(stream.committed());
    assertThat(store.holds("s1", "vm")).isTrue();
  }

  @Test
  void shouldSayThatPagesComeWithTheFirstOfThem() throws Exception {
    int firstPage = RecordedStream.of(Kind.INSTANT_7, 1).firstPageAt();
    send(good, 0, firstPage);
    await().until(() -> stream.counts().bytes() == firstPage);
    assertThat(stream.pagesCome().toCompletableFuture()).isNotDone();
    send(good, firstPage, good.length);
    get(stream.pagesCome());
  }

  @Test
  void shouldReadWhatItDoesNotUnderstandToItsEndAndKeepNothing() throws Exception {
    byte[] unknown = good.clone();
    unknown[RecordedStream.of(Kind.INSTANT_7, 1).firstPageAt() + 7] = 0x48;
    send(unknown, 0, unknown.length);
    assertThatThrownBy(() -> get(stream.committed()))
        .hasCauseInstanceOf(StreamException.class)
        .hasMessageContaining("flags 0x48 of an entry of the RAM section at byte ");
    send(new byte[MUCH], 0, MUCH);
    get(stream.pagesCome());
    assertThat(stream.drained()).isFalse();
    stream.approve();
    qemu.close();
    get(stream.ended());
    assertThat(stream.drained()).isTrue();
    assertThat(store.holds("s1", "vm")).isFalse();
  }

  @Test
  void shouldFailWhenTheStoreRunsOutOfMemory() throws Exception {
    store.runOutOfMemory();
    send(good, 0, good.length);
    assertThatThrownBy(() -> get(stream.committed())).hasRootCauseMessage(NO_MEMORY);
    send(new byte[MUCH], 0, MUCH);
    qemu.close();
    get(stream.ended());
  }

  @Test
  void shouldFailWhenTheStoreRunsOutOfMemoryAtTheEnd() throws Exception {
    send(good, 0, good.length);
    qemu.close();
    await().until(stream::drained);
    store.runOutOfMemory();
    stream.approve();
    assertThatThrownBy(() -> get(stream.committed())).hasRootCauseMessage(NO_MEMORY);
    get(stream.ended());
  }

  @Test
  void shouldNotKeepAnImageThatIsCutShortWhateverQemuSays() throws Exception {
    send(good, 0, good.length - 1);
    stream.approve();
    qemu.close();
    assertThatThrownBy(() -> get(stream.committed()))
        .hasMessageContaining("the end of the stream within the devices");
    get(stream.ended());
    assertThat(store.holds("s1", "vm")).isFalse();
  }

  @Test
  void shouldSayWhyQemuGaveUpRatherThanThatItsStreamIsShort() throws Exception {
    send(good, 0, good.length / 2);
    stream.giveUp(new HypervisorException("QEMU gave up: no memory"));
    qemu.close();
    assertThatThrownBy(() -> get(stream.committed())).hasMessageContaining("no memory");
    get(stream.ended());
  }
}
