package io.vnsnap.bench.qemu;

import io.vnsnap.bench.BenchmarkException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a guest says on its serial console. Used by one thread. */
public final class Console implements AutoCloseable {
  private static final int LINES_KEPT = 1000;
  private static final Duration CONNECT_DEADLINE = Duration.ofSeconds(20);

  private final SocketChannel socket;
  private final BlockingQueue<String> lines = new ArrayBlockingQueue<>(LINES_KEPT);

  private Console(SocketChannel socket) {
    this.socket = socket;
    Thread.ofPlatform().daemon().name("vnsnap-bench-console").start(this::read);
  }

  public static Console connect(Path path) throws BenchmarkException, InterruptedException {
    return new Console(UnixSockets.connect(path, CONNECT_DEADLINE));
  }

  /** Forgets the lines so far. */
  public void forget() {
    lines.clear();
  }

  /** Types a line. */
  public void type(String line) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      int unused = socket.write(bytes);
    }
  }

  /** The next line in which the pattern is found. */
  public Matcher await(Pattern pattern, Duration deadline)
      throws BenchmarkException, InterruptedException {
    long end = System.nanoTime() + deadline.toNanos();
    String last = "nothing";
    while (true) {
      String line = lines.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (line == null) {
        throw new BenchmarkException(
            "the guest did not say '%s' within %d s; the last it said was: %s"
                .formatted(pattern, deadline.toSeconds(), last));
      }
      last = line;
      Matcher matcher = pattern.matcher(line);
      if (matcher.find()) {
        return matcher;
      }
    }
  }

  private void read() {
    try (BufferedReader reader =
        new BufferedReader(Channels.newReader(socket, StandardCharsets.UTF_8))) {
      for (@Nullable String line = reader.readLine(); line != null; line = reader.readLine()) {
        while (!lines.offer(line)) {
          @Nullable String unusedOldest = lines.poll();
        }
      }
    } catch (IOException e) {
      boolean unused = lines.offer("(the console was closed: " + e.getMessage() + ")");
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
