package io.vnsnap.vm.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufInputStream;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.json.JsonObjectDecoder;
import io.vnsnap.vm.HypervisorException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Speaks QMP, QEMU's control protocol: JSON objects over a UNIX socket, replies matched to commands
 * by their id, events in between. (QEMU, docs/interop/qmp-spec.)
 *
 * <p>Safe for use by any thread; everything here runs on one event loop, listeners and dependent
 * stages included. A lost or senseless connection fails all commands that wait and closes it.
 */
final class QmpClient {
  private static final int MAX_PENDING = 64;
  private static final long CONNECT_INTERVAL_MS = 5;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final EventLoop loop;
  private final Consumer<QmpEvent> events;
  private final CompletableFuture<JsonNode> greeting = new CompletableFuture<>();
  private final CompletableFuture<Throwable> closed = new CompletableFuture<>();
  private final Map<Long, Pending> pending = new HashMap<>();
  private long lastId;
  private @Nullable Channel channel;
  private @Nullable Throwable failure;

  private record Pending(String command, CompletableFuture<JsonNode> reply) {}

  private QmpClient(EventLoop loop, Consumer<QmpEvent> events) {
    this.loop = loop;
    this.events = events;
  }

  /**
   * Connects as soon as the socket is there and takes QEMU's greeting; commands are then accepted.
   *
   * @param messageLimit longest message taken, in bytes
   * @param events called on the event loop for each event, in order
   * @param giveUp whether waiting for the socket is in vain
   */
  static CompletionStage<QmpClient> connect(
      EventLoop loop,
      Path socket,
      int messageLimit,
      Consumer<QmpEvent> events,
      BooleanSupplier giveUp,
      Duration timeout) {
    QmpClient client = new QmpClient(loop, events);
    long deadline = System.nanoTime() + timeout.toNanos();
    client.tryConnect(socket, messageLimit, giveUp, deadline);
    var timer =
        loop.schedule(
            () -> client.fail(new TimeoutException("QEMU did not greet in " + timeout)),
            timeout.toMillis(),
            TimeUnit.MILLISECONDS);
    CompletionStage<JsonNode> greeted = client.greeting;
    return greeted
        .whenComplete((greeting, failed) -> timer.cancel(false))
        .thenCompose(greeting -> client.execute("qmp_capabilities", timeout))
        .thenApply(done -> client);
  }

  private void tryConnect(
      Path socket, int messageLimit, BooleanSupplier giveUp, long deadlineNanos) {
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loop)
            .channel(EpollDomainSocketChannel.class)
            .handler(new Initializer(messageLimit));
    var unused =
        bootstrap
            .connect(new DomainSocketAddress(socket.toFile()))
            .addListener(connected -> {
              if (connected.isSuccess() || failure != null) {
                return;
              }
              if (giveUp.getAsBoolean() || System.nanoTime() > deadlineNanos) {
                fail(connected.cause());
              } else {
                tryConnectLater(socket, messageLimit, giveUp, deadlineNanos);
              }
            });
  }

  private void tryConnectLater(
      Path socket, int messageLimit, BooleanSupplier giveUp, long deadlineNanos) {
    var unused =
        loop.schedule(
            () -> tryConnect(socket, messageLimit, giveUp, deadlineNanos),
            CONNECT_INTERVAL_MS,
            TimeUnit.MILLISECONDS);
  }

  /** What QEMU said first. */
  JsonNode greeting() {
    return greeting.join();
  }

  /** Completes with the cause when the connection is gone. */
  CompletionStage<Throwable> closed() {
    return closed;
  }

  /** As {@link #execute(String, ObjectNode, Duration)}, without arguments. */
  CompletionStage<JsonNode> execute(String command, Duration timeout) {
    return execute(command, JsonNodeFactory.instance.objectNode(), timeout);
  }

  /**
   * Sends a command.
   *
   * @return what QEMU returned; fails with {@link QmpException} if QEMU refused, {@link
   *     TimeoutException} if it did not answer in time, {@link IOException} if it cannot be reached
   */
  CompletionStage<JsonNode> execute(String command, ObjectNode arguments, Duration timeout) {
    return submit(command, arguments, timeout, this::write);
  }

  /**
   * As {@link #execute}, with a file descriptor on the way.
   *
   * @param descriptor stays open here; QEMU gets a copy
   */
  CompletionStage<JsonNode> executeWithDescriptor(
      String command, ObjectNode arguments, int descriptor, Duration timeout) {
    return submit(
        command,
        arguments,
        timeout,
        (open, bytes) -> {
          ChannelOutboundBuffer queued = open.unsafe().outboundBuffer();
          if (queued == null || !queued.isEmpty()) {
            throw new IOException("QEMU does not read its control socket");
          }
          LocalSockets.sendWithDescriptor(
              ((EpollDomainSocketChannel) open).fd().intValue(), bytes, descriptor);
        });
  }

  void close() {
    loop.execute(() -> fail(new IOException("the control connection was closed")));
  }

  private interface Transmission {
    void send(Channel open, byte[] bytes) throws IOException;
  }

  private CompletionStage<JsonNode> submit(
      String command, ObjectNode arguments, Duration timeout, Transmission transmission) {
    CompletableFuture<JsonNode> reply = new CompletableFuture<>();
    if (loop.inEventLoop()) {
      send(new Pending(command, reply), arguments, timeout, transmission);
    } else {
      loop.execute(() -> send(new Pending(command, reply), arguments, timeout, transmission));
    }
    return reply;
  }

  private void send(
      Pending command, ObjectNode arguments, Duration timeout, Transmission transmission) {
    Channel open = channel;
    if (failure != null || open == null) {
      command.reply.completeExceptionally(new IOException("QEMU cannot be reached", failure));
      return;
    }
    if (pending.size() >= MAX_PENDING) {
      command.reply.completeExceptionally(new IOException("too many commands wait for QEMU"));
      return;
    }
    long id = ++lastId;
    ObjectNode message = JSON.createObjectNode().put("execute", command.command);
    message.set("arguments", arguments);
    message.put("id", id);
    pending.put(id, command);
    var timer =
        loop.schedule(() -> timeOut(id, timeout), timeout.toMillis(), TimeUnit.MILLISECONDS);
    CompletionStage<JsonNode> reply = command.reply;
    reply.whenComplete((value, failed) -> timer.cancel(false));
    try {
      transmission.send(open, JSON.writeValueAsBytes(message));
    } catch (IOException e) {
      pending.remove(id);
      command.reply.completeExceptionally(e);
    }
  }

  private void write(Channel open, byte[] bytes) {
    var unused = open.writeAndFlush(Unpooled.wrappedBuffer(bytes));
  }

  private void timeOut(long id, Duration timeout) {
    Pending late = pending.remove(id);
    if (late != null) {
      late.reply.completeExceptionally(
          new TimeoutException("QEMU did not answer " + late.command + " in " + timeout));
    }
  }

  private void received(JsonNode message) {
    if (message.has("event")) {
      JsonNode time = message.path("timestamp");
      events.accept(
          new QmpEvent(
              message.path("event").asText(),
              message.path("data"),
              time.path("seconds").asLong() * 1_000_000 + time.path("microseconds").asLong()));
    } else if (message.has("QMP")) {
      greeting.complete(message);
    } else if (message.has("id")) {
      // No command waits for the reply to one that timed out.
      Pending answered = pending.remove(message.path("id").asLong());
      if (answered != null) {
        answer(answered, message);
      }
    } else {
      fail(new IOException("senseless message from QEMU: " + brief(message)));
    }
  }

  private static void answer(Pending answered, JsonNode message) {
    if (message.has("error")) {
      JsonNode error = message.path("error");
      answered.reply.completeExceptionally(
          new QmpException(
              answered.command, error.path("class").asText(), error.path("desc").asText()));
    } else {
      answered.reply.complete(message.path("return"));
    }
  }

  private static String brief(JsonNode message) {
    String text = message.toString();
    return text.substring(0, Math.min(text.length(), 200));
  }

  /** On the event loop. Only the first failure counts. */
  private void fail(Throwable cause) {
    if (failure != null) {
      return;
    }
    failure = cause;
    greeting.completeExceptionally(new HypervisorException("no control of QEMU", cause));
    List<Pending> waiting = List.copyOf(pending.values());
    pending.clear();
    for (Pending one : waiting) {
      one.reply.completeExceptionally(
          new IOException("QEMU was lost during " + one.command, cause));
    }
    Channel open = channel;
    if (open != null) {
      var unused = open.close();
    }
    closed.complete(cause);
  }

  private final class Initializer extends io.netty.channel.ChannelInitializer<Channel> {
    private final int messageLimit;

    Initializer(int messageLimit) {
      this.messageLimit = messageLimit;
    }

    @Override
    protected void initChannel(Channel opened) {
      opened.pipeline().addLast(new JsonObjectDecoder(messageLimit), new Receiver());
    }
  }

  private final class Receiver extends SimpleChannelInboundHandler<ByteBuf> {
    @Override
    public void channelActive(ChannelHandlerContext context) {
      channel = context.channel();
      if (failure != null) {
        var unused = context.close();
      }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf bytes) throws IOException {
      try (InputStream in = new ByteBufInputStream(bytes)) {
        received(JSON.readTree(in));
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      fail(new IOException("QEMU closed its control socket"));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      fail(new IOException("the control connection broke: " + cause.getMessage(), cause));
    }
  }
}
