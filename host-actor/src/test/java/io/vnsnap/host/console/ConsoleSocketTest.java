package io.vnsnap.host.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ConsoleSocketTest {
  private static final int FLOOD_BYTES = 16 << 20;
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final BlockingQueue<ByteString> pieces = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> closes = new LinkedBlockingQueue<>();
  private final Path folder;
  private final Path path;
  private final ServerSocketChannel server;
  private final ConsoleSocket socket;
  private final SocketChannel guest;
  private int written;

  ConsoleSocketTest() throws IOException {
    folder = Files.createTempDirectory(Path.of("/tmp"), "vnc");
    path = folder.resolve("s");
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(path));
    socket =
        ConsoleSocket.connect(path, ConsoleSockets.domain(loops.next()), pieces::add, closes::add);
    guest = server.accept();
    guest.configureBlocking(false);
  }

  @AfterEach
  void end() throws IOException {
    guest.close();
    server.close();
    socket.close();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    Files.deleteIfExists(path);
    Files.deleteIfExists(folder);
  }

  /** Says, of an endless text, what the socket takes; false if that was nothing. */
  private boolean flood() throws IOException {
    byte[] text = new byte[4096];
    for (int i = 0; i < text.length; i++) {
      text[i] = letter(written + i);
    }
    int taken = guest.write(ByteBuffer.wrap(text));
    written += taken;
    return taken > 0;
  }

  private ByteString next() throws InterruptedException {
    return Objects.requireNonNull(
        pieces.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS), "no output comes");
  }

  private static byte letter(int position) {
    return (byte) ('a' + position % 23);
  }

  @Test
  void shouldLetAGuestWaitThatSaysMoreThanIsHandled() throws Exception {
    // Until it has been full for a while, which a reader that goes on would not let it be.
    await()
        .during(Duration.ofMillis(300))
        .atMost(PATIENCE)
        .until(() -> {
          boolean taken = flood();
          return written < FLOOD_BYTES && !taken;
        });
    assertThat(pieces).hasSize(1);
    assertThat(pieces.element().size()).isBetween(1, ConsoleSocket.MAX_PIECE_BYTES);

    int read = 0;
    while (read < written) {
      ByteString piece = next();
      assertThat(pieces).isEmpty();
      for (int i = 0; i < piece.size(); i++) {
        assertThat(piece.byteAt(i)).isEqualTo(letter(read + i));
      }
      read += piece.size();
      socket.readOn();
    }
    assertThat(flood()).isTrue();
    assertThat(next().size()).isPositive();
  }

  @Test
  void shouldTellTheCloseAfterTheLastWords() throws Exception {
    assertThat(flood()).isTrue();
    guest.close();
    int read = 0;
    while (read < written) {
      ByteString piece = next();
      read += piece.size();
      socket.readOn();
    }
    assertThat(closes.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS))
        .isEqualTo("the VM closed its console");
  }
}
