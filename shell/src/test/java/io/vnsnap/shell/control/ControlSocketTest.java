package io.vnsnap.shell.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.vnsnap.proto.ConsoleAttach;
import io.vnsnap.proto.ConsoleInput;
import io.vnsnap.proto.ConsoleRequest;
import io.vnsnap.proto.ControlRequest;
import io.vnsnap.proto.ControlResponse;
import io.vnsnap.proto.HostDescription;
import io.vnsnap.proto.HostList;
import io.vnsnap.proto.ListHosts;
import io.vnsnap.proto.Loading;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RefusalCode;
import io.vnsnap.proto.SnapshotList;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.proto.VneStatus;
import io.vnsnap.shell.api.ConsoleListener;
import io.vnsnap.shell.api.ConsoleSession;
import io.vnsnap.shell.api.RefusedException;
import io.vnsnap.shell.api.UnreachableException;
import io.vnsnap.shell.fake.FakeClient;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ControlSocketTest {
  private static final ControlSettings SETTINGS =
      new ControlSettings(8, 64 * 1024, 4 * 1024 * 1024, Duration.ofSeconds(20), 64 * 1024);

  private final FakeClient cluster = new FakeClient();
  private Path folder = Path.of("/");
  private Path socket = Path.of("/");
  private @Nullable ControlServer server;

  @BeforeEach
  void start() throws IOException {
    folder = Files.createTempDirectory(Path.of("/tmp"), "vn");
    socket = folder.resolve("run").resolve("a.sock");
    server = ControlServer.start(socket, cluster, SETTINGS);
  }

  @AfterEach
  void stop() throws IOException {
    if (server != null) {
      server.close();
    }
    try (var tree = Files.walk(folder)) {
      for (Path file : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private void restart(ControlSettings settings) throws IOException {
    if (server != null) {
      server.close();
    }
    server = ControlServer.start(socket, cluster, settings);
  }

  private ControlClient client() {
    return new ControlClient(socket);
  }

  private static <T> T get(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private static ControlResponse receive(ControlChannel channel) throws IOException {
    return Objects.requireNonNull(channel.receive());
  }

  private void stopServer() {
    Objects.requireNonNull(server).close();
  }

  private static ControlRequest listHosts(int version) {
    return ControlRequest.newBuilder()
        .setVersion(version)
        .setListHosts(ListHosts.getDefaultInstance())
        .build();
  }

  @Test
  void shouldAnswerWhatTheClusterAnswers() throws Exception {
    cluster.hosts =
        HostList.newBuilder().addHosts(HostDescription.newBuilder().setHost("a")).build();
    cluster.snapshots =
        SnapshotList.newBuilder()
            .addSnapshots(Manifest.newBuilder().setSnapshotId("s1").setVne("lab"))
            .build();

    assertThat(get(client().hosts())).isEqualTo(cluster.hosts);
    assertThat(get(client().vnes())).isEqualTo(cluster.vnes);
    assertThat(get(client().snapshots())).isEqualTo(cluster.snapshots);
    assertThat(get(client().snapshot("s1")).getVne()).isEqualTo("lab");
    assertThat(get(client().request(VneRequest.newBuilder().setVne("lab").build())).getStatus())
        .isEqualTo(VneStatus.newBuilder().setVne("lab").build());
    assertThat(get(client().restore("s1", Map.of("vm1", "b"), Loading.FULL)).hasStatus()).isTrue();
    assertThat(cluster.placement).containsEntry("vm1", "b");
    assertThat(cluster.loading).isEqualTo(Loading.FULL);
    client().deleteSnapshot("s1").toCompletableFuture().get(20, TimeUnit.SECONDS);
    assertThat(cluster.deleted).containsExactly("s1");
  }

  @Test
  void shouldPassRefusalsOn() {
    assertThatThrownBy(() -> get(client().snapshot("nothing")))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(RefusedException.class)
        .hasMessageContaining("no snapshot has the id, label or id prefix 'nothing'");
  }

  @Test
  void shouldTurnACrashOfTheClientIntoARefusal() {
    cluster.onRequest =
        r -> {
          throw new IllegalStateException("out of order");
        };
    assertThatThrownBy(() -> get(client().request(VneRequest.getDefaultInstance())))
        .hasCauseInstanceOf(RefusedException.class)
        .hasMessageContaining("out of order");
  }

  @Test
  void shouldBePrivate() throws IOException {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("run"))))
        .isEqualTo("rwx------");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
        .isEqualTo("rw-------");
  }

  @Test
  void shouldRefuseASecondNodeOnALiveSocket() {
    assertThatThrownBy(() -> ControlServer.start(socket, cluster, SETTINGS))
        .isInstanceOf(IOException.class)
        .hasMessage(
            "another node is using the control socket %s: stop it, or start this one with another --name or --socket",
            socket);
    assertThat(client().hosts().toCompletableFuture()).succeedsWithin(Duration.ofSeconds(5));
  }

  @Test
  void shouldReplaceTheSocketOfADeadNode() throws Exception {
    Path dead = folder.resolve("run").resolve("dead.sock");
    try (var left = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      left.bind(UnixDomainSocketAddress.of(dead));
    }
    assertThat(dead).exists();
    try (ControlServer replacing = ControlServer.start(dead, cluster, SETTINGS)) {
      assertThat(get(new ControlClient(replacing.socket()).hosts())).isEqualTo(cluster.hosts);
    }
    assertThat(dead).doesNotExist();
    Files.delete(folder.resolve("run").resolve("dead.sock.lock"));
  }

  @Test
  void shouldRefuseAFolderThatOthersCanEnter() throws IOException {
    Path open = Files.createDirectory(folder.resolve("open"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-x---"));
    assertThatThrownBy(() -> ControlServer.start(open.resolve("a.sock"), cluster, SETTINGS))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("must be a folder that only you can enter (it is rwxr-x---)");
  }

  @Test
  void shouldNotRemoveAFileThatIsNoSocket() throws IOException {
    Path file = folder.resolve("run").resolve("file.sock");
    Files.writeString(file, "precious");
    assertThatThrownBy(() -> ControlServer.start(file, cluster, SETTINGS))
        .hasMessageContaining("is in the way and is not a socket");
    assertThat(file).hasContent("precious");
  }

  @Test
  void shouldRefuseAPathThatIsTooLong() {
    Path tooLong = folder.resolve("x".repeat(100)).resolve("a.sock");
    assertThatThrownBy(() -> ControlServer.start(tooLong, cluster, SETTINGS))
        .hasMessageContaining("longer than 107 bytes");
  }

  @Test
  void shouldSayThatNoNodeIsThere() {
    ControlClient nobody = new ControlClient(folder.resolve("nobody.sock"));
    assertThatThrownBy(() -> get(nobody.hosts()))
        .hasCauseInstanceOf(UnreachableException.class)
        .hasMessageContaining(
            "no node has its control socket at %s/nobody.sock: start one with vnsnap host", folder);
  }

  @Test
  void shouldFailTheRequestWhenTheNodeEnds() {
    CompletableFuture<VneReply> never = new CompletableFuture<>();
    cluster.onRequest = r -> never;
    CompletionStage<VneReply> reply = client().request(VneRequest.getDefaultInstance());
    await().until(() -> !cluster.requests.isEmpty());
    stopServer();
    assertThatThrownBy(() -> get(reply))
        .hasCauseInstanceOf(UnreachableException.class)
        .hasMessageContaining("the node ended before it answered");
  }

  @Test
  void shouldRefuseAnotherVersionAndHangUp() throws Exception {
    try (ControlChannel channel = ControlChannel.connect(socket)) {
      channel.send(listHosts(2));
      ControlResponse response = receive(channel);
      assertThat(response.getRefused().getReason())
          .isEqualTo(
              "this node speaks version 1 of the control protocol, the command version 2: use the vnsnap command of the node's version");
      assertThat(channel.receive()).isNull();
    }
  }

  @Test
  void shouldRefuseARequestItDoesNotKnowAndStay() throws Exception {
    try (ControlChannel channel = ControlChannel.connect(socket)) {
      channel.send(ControlRequest.newBuilder().setVersion(1).build());
      ControlResponse response = receive(channel);
      assertThat(response.getRefused().getCode()).isEqualTo(RefusalCode.NOT_POSSIBLE);
      channel.send(listHosts(1));
      ControlResponse next = receive(channel);
      assertThat(next.hasHosts()).isTrue();
    }
  }

  /** Sends raw bytes; returns everything that comes back until the node hangs up. */
  private byte[] exchange(byte[] bytes) throws IOException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(socket));
      ByteBuffer out = ByteBuffer.wrap(bytes);
      while (out.hasRemaining()) {
        channel.write(out);
      }
      ByteArrayOutputStream in = new ByteArrayOutputStream();
      ByteBuffer buffer = ByteBuffer.allocate(4096);
      while (channel.read(buffer) >= 0) {
        in.write(buffer.array(), 0, buffer.position());
        buffer.clear();
      }
      return in.toByteArray();
    }
  }

  private static String refusal(byte[] bytes) throws IOException {
    return ControlResponse.parseDelimitedFrom(new ByteArrayInputStream(bytes))
        .getRefused()
        .getReason();
  }

  @Test
  void shouldHangUpOnGarbage() throws IOException {
    byte[] notALength = {-1, -1, -1, -1, -1, -1, -1, -1};
    assertThat(refusal(exchange(notALength))).contains("not a length");
    byte[] notAMessage = {3, -1, -1, -1};
    assertThat(refusal(exchange(notAMessage))).startsWith("not a request of the control protocol");
    byte[] http =
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(10).getBytes(StandardCharsets.US_ASCII);
    assertThat(refusal(exchange(http))).startsWith("not a request of the control protocol");
    assertThat(client().hosts().toCompletableFuture()).succeedsWithin(Duration.ofSeconds(5));
  }

  @Test
  void shouldRefuseARequestBeyondTheLimitBeforeItHasCome() throws IOException {
    byte[] lengthOf1GiB = {-128, -128, -128, -128, 4};
    assertThat(refusal(exchange(lengthOf1GiB)))
        .contains("a request of 1073741824 bytes, the limit is 65536");
  }

  @Test
  void shouldHangUpOnAConnectionThatStaysSilent() throws IOException {
    restart(new ControlSettings(8, 1024, 1024, Duration.ofMillis(200), 1024));
    assertThat(exchange(new byte[] {20, 1})).isEmpty();
  }

  @Test
  void shouldTransferABigListing() throws Exception {
    cluster.snapshots = snapshots(20_000);
    assertThat(cluster.snapshots.getSerializedSize()).isGreaterThan(2_000_000);
    assertThat(get(client().snapshots())).isEqualTo(cluster.snapshots);
  }

  @Test
  void shouldRefuseAListingBeyondTheLimit() throws IOException {
    restart(new ControlSettings(8, 1024, 1000, Duration.ofSeconds(20), 1024));
    cluster.snapshots = snapshots(100);
    assertThatThrownBy(() -> get(client().snapshots()))
        .hasCauseInstanceOf(RefusedException.class)
        .hasMessageContaining("the limit is 1000 (vnsnap.shell.control.max-response-size)");
  }

  private static SnapshotList snapshots(int count) {
    SnapshotList.Builder list = SnapshotList.newBuilder();
    IntStream.range(0, count)
        .forEach(i ->
            list.addSnapshots(
                Manifest.newBuilder().setSnapshotId("s" + i).setLabel("x".repeat(100))));
    return list.build();
  }

  @Test
  void shouldServeConcurrentClientsUpToTheLimit() throws Exception {
    CompletableFuture<VneReply> reply = new CompletableFuture<>();
    cluster.onRequest = r -> reply;
    List<CompletionStage<VneReply>> waiting = new ArrayList<>();
    for (int i = 0; i < SETTINGS.maxConnections(); i++) {
      waiting.add(client().request(VneRequest.getDefaultInstance()));
    }
    await().until(() -> cluster.requests.size() == SETTINGS.maxConnections());
    assertThatThrownBy(() -> get(client().hosts()))
        .hasMessageContaining("8 commands are talking to this node already");
    VneReply answer = VneReply.newBuilder().setStatus(VneStatus.newBuilder().setVne("x")).build();
    reply.complete(answer);
    for (CompletionStage<VneReply> each : waiting) {
      assertThat(get(each)).isEqualTo(answer);
    }
    await().untilAsserted(() -> assertThat(get(client().hosts())).isEqualTo(cluster.hosts));
  }

  @Test
  void shouldGiveTheRefusalOfANodeThatHungUpBeforeTheRequestWasSent() throws Exception {
    Path elsewhere = socket.resolveSibling("refusing.sock");
    ControlResponse answer =
        ControlResponse.newBuilder().setHosts(HostList.getDefaultInstance()).build();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    answer.writeDelimitedTo(bytes);
    try (ServerSocketChannel node = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      node.bind(UnixDomainSocketAddress.of(elsewhere));
      try (ControlChannel channel = ControlChannel.connect(elsewhere)) {
        try (SocketChannel accepted = node.accept()) {
          accepted.write(ByteBuffer.wrap(bytes.toByteArray()));
        }
        channel.sendFirst(listHosts(1));
        assertThat(channel.receive()).isEqualTo(answer);
        assertThatThrownBy(channel::receive).isInstanceOf(IOException.class);
      }
    }
  }

  @Test
  void shouldAnswerRequestsOfOneConnectionOneByOne() throws Exception {
    CompletableFuture<VneReply> reply = new CompletableFuture<>();
    cluster.onRequest = r -> reply;
    ControlRequest vne =
        ControlRequest.newBuilder().setVersion(1).setVne(VneRequest.getDefaultInstance()).build();
    try (ControlChannel channel = ControlChannel.connect(socket)) {
      channel.send(vne);
      channel.send(vne);
      channel.send(listHosts(1));
      await().until(() -> cluster.requests.size() == 1);
      assertThat(get(client().hosts())).isEqualTo(cluster.hosts);
      assertThat(cluster.requests).hasSize(1);
      reply.complete(VneReply.getDefaultInstance());
      List<ControlResponse.KindCase> kinds = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        ControlResponse response = receive(channel);
        kinds.add(response.getKindCase());
      }
      assertThat(kinds)
          .containsExactly(
              ControlResponse.KindCase.VNE,
              ControlResponse.KindCase.VNE,
              ControlResponse.KindCase.HOSTS);
    }
  }

  /** Collects what a console says; may be made to block. */
  private static final class Collector implements ConsoleListener {
    final ByteArrayOutputStream said = new ByteArrayOutputStream();
    final CompletableFuture<String> closed = new CompletableFuture<>();
    final CompletableFuture<@Nullable Void> mayGoOn = new CompletableFuture<>();
    long skipped;

    @Override
    public void output(ByteString data, long skippedBytes) {
      mayGoOn.join();
      synchronized (this) {
        skipped += skippedBytes;
        said.writeBytes(data.toByteArray());
      }
    }

    @Override
    public void closed(String reason) {
      closed.complete(reason);
    }

    synchronized String text() {
      return said.toString(StandardCharsets.UTF_8);
    }

    synchronized long total() {
      return skipped + said.size();
    }
  }

  @Test
  void shouldStreamAConsoleBothWays() throws Exception {
    Collector listener = new Collector();
    listener.mayGoOn.complete(null);
    try (ConsoleSession session = client().console("lab", "vm1", listener)) {
      await().until(() -> cluster.consoles.size() == 1);
      FakeClient.FakeConsole console = cluster.consoles.get(0);
      assertThat(console.vne + "/" + console.vm).isEqualTo("lab/vm1");
      console.says("login: ");
      await().until(() -> listener.text().equals("login: "));
      get(session.input(ByteString.copyFromUtf8("root\r")).thenApply(v -> "sent"));
      await().until(() -> console.typed.equals(List.of(ByteString.copyFromUtf8("root\r"))));
      assertThatThrownBy(() -> session.input(ByteString.copyFrom(new byte[4097])))
          .isInstanceOf(IllegalArgumentException.class);
    }
    await().until(() -> cluster.consoles.get(0).closed);
    assertThat(listener.closed).isNotDone();
  }

  @Test
  void shouldTellWhyAConsoleClosed() {
    Collector listener = new Collector();
    listener.mayGoOn.complete(null);
    try (ConsoleSession session = client().console("lab", "vm1", listener)) {
      await().until(() -> cluster.consoles.size() == 1);
      cluster.consoles.get(0).says("last words");
      cluster.consoles.get(0).listener.closed("the VM ended");
      assertThat(listener.closed).succeedsWithin(Duration.ofSeconds(10)).isEqualTo("the VM ended");
      assertThat(listener.text()).isEqualTo("last words");
      assertThat(session).isNotNull();
    }
  }

  @Test
  void shouldDropTheOldestOutputForASlowReaderAndSayHowMuch() {
    Collector listener = new Collector();
    long sent = 0;
    try (ConsoleSession session = client().console("lab", "vm1", listener)) {
      await().until(() -> cluster.consoles.size() == 1);
      String line = "0123456789abcdef".repeat(64);
      for (int i = 0; i < 4000; i++) {
        cluster.consoles.get(0).says(line);
        sent += line.length();
      }
      cluster.consoles.get(0).says("the end");
      sent += 7;
      listener.mayGoOn.complete(null);
      await().until(() -> listener.text().endsWith("the end"));
      assertThat(listener.total()).isEqualTo(sent);
      assertThat(listener.skipped).isPositive();
      assertThat(session).isNotNull();
    }
  }

  @Test
  void shouldCloseTheConsoleOfAClientThatVanishes() throws Exception {
    try (ControlChannel channel = ControlChannel.connect(socket)) {
      channel.send(
          ControlClient.of()
              .setConsole(
                  ConsoleRequest.newBuilder()
                      .setVne("lab")
                      .setVm("vm1")
                      .setAttach(ConsoleAttach.getDefaultInstance()))
              .build());
      await().until(() -> cluster.consoles.size() == 1);
    }
    await().until(() -> cluster.consoles.get(0).closed);
  }

  @Test
  void shouldRefuseConsoleInputBeforeAttaching() throws Exception {
    try (ControlChannel channel = ControlChannel.connect(socket)) {
      channel.send(
          ControlClient.of()
              .setConsole(ConsoleRequest.newBuilder().setInput(ConsoleInput.getDefaultInstance()))
              .build());
      ControlResponse response = receive(channel);
      assertThat(response.getRefused().getReason())
          .isEqualTo("the first request about a console must be to attach to it");
      assertThat(channel.receive()).isNull();
    }
  }

  @Test
  void shouldFindTheOnlyNodeOfARunFolder() throws Exception {
    ControlSockets sockets = ControlSockets.in(folder.resolve("run"));
    assertThat(sockets.only()).isEqualTo(socket);
    Path other = sockets.socketOf("b");
    try (ControlServer second = ControlServer.start(other, cluster, SETTINGS)) {
      assertThatThrownBy(sockets::only)
          .hasMessage(
              "several nodes run here; pick one: --socket %s or --socket %s",
              socket, second.socket());
    }
    assertThat(sockets.only()).isEqualTo(socket);
    stopServer();
    assertThatThrownBy(sockets::only).hasMessageStartingWith("no node runs here (looked in ");
  }
}
