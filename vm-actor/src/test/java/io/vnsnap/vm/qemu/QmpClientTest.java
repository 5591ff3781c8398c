package io.vnsnap.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class QmpClientTest {
  private static final Duration LONG = Duration.ofSeconds(10);
  private static final int MESSAGE_LIMIT = 4096;
  private static final String GREETING =
      "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}}}}\r\n";

  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final List<QmpEvent> events = new CopyOnWriteArrayList<>();
  private Path folder;
  private ServerSocketChannel listening;
  private SocketChannel peer;
  private BufferedReader commands;
  private QmpClient client;

  @BeforeEach
  void connect() throws Exception {
    folder = GuestKit.folder();
    Path socket = folder.resolve("qmp");
    CompletionStage<QmpClient> connecting =
        QmpClient.connect(loops.next(), socket, MESSAGE_LIMIT, events::add, () -> false, LONG);
    listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listening.bind(UnixDomainSocketAddress.of(socket));
    peer = listening.accept();
    commands = new BufferedReader(Channels.newReader(peer, StandardCharsets.UTF_8));
    say(GREETING);
    expect("qmp_capabilities");
    say("{\"return\": {}, \"id\": 1}\r\n");
    client = get(connecting);
  }

  @AfterEach
  void disconnect() throws Exception {
    client.close();
    peer.close();
    listening.close();
    var unused = loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    Files.deleteIfExists(folder.resolve("qmp"));
    Files.delete(folder);
  }

  private static <T> T get(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(10, TimeUnit.SECONDS);
  }

  private void say(String text) throws IOException {
    peer.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }

  /** The client ends each command with its closing brace, not a line: read to the id. */
  private void expect(String command) throws IOException {
    StringBuilder seen = new StringBuilder();
    while (!seen.toString().matches("(?s).*\"id\":\\d+}$")) {
      seen.append((char) commands.read());
    }
    assertThat(seen.toString()).contains("\"execute\":\"" + command + "\"");
  }

  private CompletionStage<JsonNode> send(String command) throws IOException {
    CompletionStage<JsonNode> reply = client.execute(command, LONG);
    expect(command);
    return reply;
  }

  @Test
  void shouldKeepEventsAndRepliesThatArriveTogether() throws Exception {
    CompletionStage<JsonNode> stop = send("stop");
    CompletionStage<JsonNode> status = send("query-status");
    say(
        "{\"timestamp\": {\"seconds\": 5, \"microseconds\": 7}, \"event\": \"STOP\"}"
            + "{\"return\": {}, \"id\": 2}\r\n"
            + "{\"timestamp\": {\"seconds\": 6, \"microseconds\": 8}, \"event\": \"RESUME\"}\r\n"
            + "{\"return\": {\"status\": \"running\"}, \"id\": 3}\r\n{\"timestamp\": {\"sec");
    assertThat(get(stop).isObject()).isTrue();
    assertThat(get(status).path("status").asText()).isEqualTo("running");
    say(
        "onds\": 9, \"microseconds\": 0}, \"event\": \"MIGRATION\", \"data\": {\"status\": \"a\"}}");
    await().until(() -> events.size() == 3);
    assertThat(events).extracting(QmpEvent::name).containsExactly("STOP", "RESUME", "MIGRATION");
    assertThat(events)
        .extracting(QmpEvent::micros)
        .containsExactly(5_000_007L, 6_000_008L, 9_000_000L);
    assertThat(events.get(2).data().path("status").asText()).isEqualTo("a");
  }

  @Test
  void shouldMatchRepliesToCommandsById() throws Exception {
    CompletionStage<JsonNode> first = send("first");
    CompletionStage<JsonNode> second = send("second");
    say("{\"return\": 22, \"id\": 3}{\"return\": 11, \"id\": 2}");
    assertThat(get(first).asInt()).isEqualTo(11);
    assertThat(get(second).asInt()).isEqualTo(22);
  }

  @Test
  void shouldTellQemusOwnWordsWhenItRefuses() throws Exception {
    CompletionStage<JsonNode> reply = send("cont");
    say("{\"id\": 2, \"error\": {\"class\": \"GenericError\", \"desc\": \"not finalized\"}}");
    assertThatThrownBy(() -> get(reply))
        .cause()
        .isInstanceOfSatisfying(
            QmpException.class,
            refusal -> {
              assertThat(refusal.errorClass()).isEqualTo("GenericError");
              assertThat(refusal.description()).isEqualTo("not finalized");
            });
  }

  @Test
  void shouldFailACommandThatIsNotAnsweredInTimeAndIgnoreItsLateReply() throws Exception {
    CompletionStage<JsonNode> late = client.execute("stop", Duration.ofMillis(20));
    expect("stop");
    assertThatThrownBy(() -> get(late)).hasCauseInstanceOf(TimeoutException.class);
    CompletionStage<JsonNode> next = send("query-status");
    say("{\"return\": 1, \"id\": 2}{\"return\": 2, \"id\": 3}");
    assertThat(get(next).asInt()).isEqualTo(2);
  }

  @Test
  void shouldFailWhatWaitsWhenQemuCloses() throws Exception {
    CompletionStage<JsonNode> reply = send("stop");
    peer.close();
    assertThatThrownBy(() -> get(reply)).hasMessageContaining("QEMU was lost during stop");
    assertThatThrownBy(() -> get(client.execute("cont", LONG)))
        .hasMessageContaining("cannot be reached");
    assertThat(get(client.closed())).hasMessageContaining("closed its control socket");
  }

  @Test
  void shouldCloseOnGarbage() throws Exception {
    CompletionStage<JsonNode> reply = send("stop");
    say("%!PS not json at all");
    assertThatThrownBy(() -> get(reply)).hasMessageContaining("QEMU was lost during stop");
    assertThat(get(client.closed())).hasMessageContaining("control connection broke");
  }

  @Test
  void shouldCloseOnAMessageThatMeansNothing() throws Exception {
    say("{\"hello\": \"world\"}");
    assertThat(get(client.closed())).hasMessageContaining("senseless message");
  }

  @Test
  void shouldCloseOnAMessageBeyondTheLimit() throws Exception {
    CompletionStage<JsonNode> reply = send("stop");
    say("{\"return\": \"" + "x".repeat(MESSAGE_LIMIT) + "\", \"id\": 2}");
    assertThatThrownBy(() -> get(reply)).hasMessageContaining("QEMU was lost during stop");
  }

  @Test
  void shouldBoundTheCommandsThatWait() throws Exception {
    for (int i = 0; i < 64; i++) {
      client.execute("stop", LONG);
    }
    assertThatThrownBy(() -> get(client.execute("one-more", LONG)))
        .hasMessageContaining("too many commands");
  }

  @Test
  void shouldGiveUpConnectingWhenWaitingIsInVain() {
    CompletionStage<QmpClient> connecting =
        QmpClient.connect(
            loops.next(), folder.resolve("nobody"), MESSAGE_LIMIT, events::add, () -> true, LONG);
    assertThatThrownBy(() -> get(connecting)).hasMessageContaining("no control of QEMU");
  }
}
