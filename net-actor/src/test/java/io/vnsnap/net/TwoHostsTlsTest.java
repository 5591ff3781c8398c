package io.vnsnap.net;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vnsnap.net.gate.GateCounters;
import io.vnsnap.net.tls.TestCertificates;
import io.vnsnap.net.tls.TlsFiles;
import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.Endpoint;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Trunks over TLS, and what is said when certificates do not fit. */
@Timeout(240)
class TwoHostsTlsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(40);
  private static final String QUICK =
      "vnsnap.net.trunk { first-backoff = 1ms, max-backoff = 5ms, queue-bytes = 128 MiB }\n";

  @TempDir private static Path folder;

  private static TestCertificates ours;
  private static TlsFiles good;
  private static TlsFiles foreign;
  private static TlsFiles misnamed;

  private final LogLines log = new LogLines();

  @BeforeAll
  static void makeCertificates() throws IOException {
    ours = new TestCertificates(folder, "ours");
    good = ours.issue("node", "cluster");
    misnamed = ours.issue("other", "another-cluster");
    foreign = new TestCertificates(folder, "theirs").issue("node", "cluster");
  }

  @AfterEach
  void stopListening() {
    log.close();
  }

  private void awaitLine(String what) {
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(log.with(what)).isNotEmpty());
  }

  private static NetSettings settings(TlsFiles files) {
    return TwoHosts.settings(QUICK + TestCertificates.config(files));
  }

  @Test
  void shouldKeepEveryFrameOverTlsThatBreaks() throws Exception {
    try (TwoHosts hosts = new TwoHosts(settings(good))) {
      hosts.aToB.breakAfterUpTo(400_000, 7);
      hosts.nodes.forEach(node -> node.vm.sendAll(20_000_000));
      await().atMost(PATIENCE).until(() -> hosts.aToB.breaks() > 5);
      hosts.cutAll(1);
      hosts.nodes.forEach(node -> node.log(1));
      await().atMost(PATIENCE).until(() -> hosts.aToB.breaks() > 10);
      hosts.aToB.stopBreaking();
      hosts.stopSending();
      hosts.settle();
      for (TwoHosts.Node to : hosts.nodes) {
        GateCounters counters = TwoHosts.done(to.orders.counters());
        assertThat(counters.stale()).as("came twice").isZero();
        assertThat(counters.missing()).as("missing").isZero();
        assertThat(counters.drops().total()).as("dropped").isZero();
        for (TwoHosts.Node from : hosts.nodes) {
          if (from != to) {
            assertThat(TwoHosts.from(from, to.vm.taken()))
                .isEqualTo(TwoHosts.sentTo(from.vm.emitted(), to));
            ChannelRecord account = TwoHosts.account(from, to, 1);
            assertThat(account.getSent()).isEqualTo(account.getDelivered() + account.getRecorded());
          }
        }
      }
    }
  }

  @Test
  void shouldCutOffWhoeverIsNotOfTheCluster() throws Exception {
    ours.issueExpired("expired", "cluster");
    expectCutOff(null, "the peer does not speak TLS");
    expectCutOff(ours.context(null), "Empty client certificate chain");
    expectCutOff(ours.context("expired"), "the peer's certificate has expired");
    expectCutOff(ours.context("other"), "is for [another-cluster], and this host's for [cluster]");
    expectCutOff(strangerThatTrustsUs(), "the peer's certificate is not from the CA");
  }

  /** Its authority has the name of ours, or it would not even try. */
  private static SSLContext strangerThatTrustsUs() throws IOException {
    TestCertificates fake = new TestCertificates(folder.resolve("fake"), "ours");
    fake.issue("node", "cluster");
    return fake.contextThatTrusts(ours, "node");
  }

  private void expectCutOff(@Nullable SSLContext tls, String why) throws IOException {
    log.clear();
    try (DataPlane plane = DataPlane.open(settings(good))) {
      say(tls, plane.endpoint().getPort());
      awaitLine("cut off 127.0.0.1: ");
      awaitLine(why);
      assertThat(TwoHosts.done(plane.trunkCounters()).cutOff()).isEqualTo(1);
    }
  }

  private static void say(@Nullable SSLContext tls, int port) throws IOException {
    try (Socket plain = new Socket(InetAddress.getLoopbackAddress(), port);
        Socket peer =
            tls == null ? plain : tls.getSocketFactory().createSocket(plain, "b", port, true)) {
      peer.setSoTimeout(30_000);
      peer.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      peer.getInputStream().readAllBytes();
    } catch (IOException refused) {
      assertThat(refused).hasMessageNotContaining("timed out");
    }
  }

  @Test
  void shouldSayAtTheSendingHostWhyItDoesNotConnect() throws Exception {
    expectComplaint(foreign, "the peer's certificate is not from the CA in vnsnap.tls.ca");
    expectComplaint(misnamed, "is for [another-cluster], and this host's for [cluster]");
  }

  private void expectComplaint(TlsFiles ofPeer, String why) throws IOException {
    log.clear();
    try (DataPlane a = DataPlane.open(settings(good));
        DataPlane b = DataPlane.open(settings(ofPeer))) {
      List<Vnic> vnics =
          List.of(
              new Vnic(0, "vm0", "eth0", "52:54:00:00:00:00", "lan", "a"),
              new Vnic(1, "vm1", "eth0", "52:54:00:00:00:01", "lan", "b"));
      Map<String, Endpoint> trunks = Map.of("a", a.endpoint(), "b", b.endpoint());
      Segment segment =
          requireNonNull(a.createSegment(new SegmentSpec("vne", 1, "a", vnics, trunks, Map.of())));
      awaitLine("Trunk to host b (127.0.0.1:" + b.endpoint().getPort() + ") is down: ");
      awaitLine(why);
      TwoHosts.done(segment.close());
    }
  }
}
