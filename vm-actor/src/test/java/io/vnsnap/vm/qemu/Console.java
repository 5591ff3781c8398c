package io.vnsnap.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** What a guest says on its serial console, and what is typed there. */
final class Console implements AutoCloseable {
  private static final Pattern TICK =
      Pattern.compile("VNTRAFFIC-DIRTY vm=vm tick=(\\d+) [^\\n]* memory=(\\w+)");

  private final SocketChannel socket;
  private final StringBuilder text = new StringBuilder();

  Console(Path path) throws IOException {
    socket = SocketChannel.open(StandardProtocolFamily.UNIX);
    socket.connect(UnixDomainSocketAddress.of(path));
    Thread reader = new Thread(this::read, "console");
    reader.setDaemon(true);
    reader.start();
  }

  String text() {
    synchronized (text) {
      return text.toString();
    }
  }

  void type(String line) throws IOException {
    socket.write(ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.US_ASCII)));
  }

  void awaitText(String expected) {
    await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(() -> assertThat(text()).contains(expected));
  }

  /** The highest number the guest's memory writer has counted to here; -1 if none yet. */
  long lastTick() {
    return ticks().mapToLong(tick -> Long.parseLong(tick.group(1))).max().orElse(-1);
  }

  long firstTick() {
    return ticks().mapToLong(tick -> Long.parseLong(tick.group(1))).findFirst().orElse(-1);
  }

  /** Whether every report said that the memory is as it was written. */
  boolean memoryIntact() {
    return ticks().allMatch(tick -> tick.group(2).equals("ok"));
  }

  void awaitTickBeyond(long tick) {
    await().atMost(Duration.ofSeconds(90)).until(() -> lastTick() > tick);
  }

  private java.util.stream.Stream<MatchResult> ticks() {
    return TICK.matcher(text()).results();
  }

  private void read() {
    ByteBuffer buffer = ByteBuffer.allocate(4096);
    try {
      while (socket.read(buffer.clear()) >= 0) {
        synchronized (text) {
          text.append(StandardCharsets.UTF_8.decode(buffer.flip()));
        }
      }
    } catch (IOException e) {
      synchronized (text) {
        text.append("[console lost]");
      }
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
