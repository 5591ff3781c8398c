package io.vnsnap.bench.qemu;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.vnsnap.bench.BenchmarkException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A connection to QEMU's monitor. Events and replies interleave; both are kept. Used by one thread.
 */
final class Qmp implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final TypeReference<Map<String, Object>> OBJECT = new TypeReference<>() {};
  private static final int MAX_UNREAD = 10_000;
  private static final Duration REPLY_DEADLINE = Duration.ofSeconds(30);

  private final SocketChannel socket;
  private final BlockingQueue<JsonNode> replies = new ArrayBlockingQueue<>(MAX_UNREAD);
  private final BlockingQueue<QmpEvent> events = new ArrayBlockingQueue<>(MAX_UNREAD);

  private Qmp(SocketChannel socket) {
    this.socket = socket;
    Thread.ofPlatform().daemon().name("vnsnap-bench-qmp").start(this::read);
  }

  /** Takes a connected socket; owned and closed by this connection. */
  static Qmp over(SocketChannel socket) throws BenchmarkException {
    Qmp qmp = new Qmp(socket);
    JsonNode unusedGreeting = qmp.nextReply("greeting");
    JsonNode unusedReply = qmp.call("qmp_capabilities", "{}");
    return qmp;
  }

  /**
   * Gives a command and waits for its reply.
   *
   * @param arguments a JSON object
   */
  JsonNode call(String command, String arguments) throws BenchmarkException {
    Map<String, Object> message = new LinkedHashMap<>();
    message.put("execute", command);
    try {
      message.put("arguments", JSON.readValue(arguments, OBJECT));
      ByteBuffer bytes = ByteBuffer.wrap(JSON.writeValueAsBytes(message));
      while (bytes.hasRemaining()) {
        int unused = socket.write(bytes);
      }
    } catch (IOException e) {
      throw new BenchmarkException("QEMU does not take '" + command + "': " + e.getMessage(), e);
    }
    JsonNode reply = nextReply(command);
    if (reply.has("error")) {
      throw new BenchmarkException(
          "QEMU refuses '%s': %s".formatted(command, reply.path("error").path("desc").asText()));
    }
    return reply.path("return");
  }

  /** Forgets the events so far. */
  void forgetEvents() {
    events.clear();
  }

  /** The next event that is wanted; those before it are forgotten. */
  QmpEvent await(String what, Predicate<QmpEvent> wanted, Duration deadline)
      throws BenchmarkException, InterruptedException {
    long end = System.nanoTime() + deadline.toNanos();
    while (true) {
      QmpEvent event = events.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (event == null) {
        throw new BenchmarkException(
            "QEMU did not report %s within %d s".formatted(what, deadline.toSeconds()));
      }
      if (wanted.test(event)) {
        return event;
      }
    }
  }

  private JsonNode nextReply(String command) throws BenchmarkException {
    JsonNode reply = null;
    try {
      reply = replies.poll(REPLY_DEADLINE.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (reply == null || reply.isMissingNode()) {
      throw new BenchmarkException("QEMU did not answer '" + command + "'; it may have ended");
    }
    return reply;
  }

  private void read() {
    try (BufferedReader lines =
        new BufferedReader(Channels.newReader(socket, StandardCharsets.UTF_8))) {
      for (@Nullable String line = lines.readLine(); line != null; line = lines.readLine()) {
        JsonNode message = JSON.readTree(line);
        boolean kept =
            message.has("event") ? events.offer(QmpEvent.of(message)) : replies.offer(message);
        if (!kept) {
          throw new IOException("more than " + MAX_UNREAD + " messages were not looked at");
        }
      }
      throw new IOException("QEMU closed the connection");
    } catch (IOException e) {
      // Whoever waits for a reply gets this instead of waiting for its deadline.
      boolean unused = replies.offer(MissingNode.getInstance());
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
