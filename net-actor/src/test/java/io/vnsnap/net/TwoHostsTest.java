package io.vnsnap.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vnsnap.net.frame.BadInput;
import io.vnsnap.net.gate.GateCounters;
import io.vnsnap.net.gate.TestFrame;
import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.DropCause;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class TwoHostsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final int CUTS = 6;

  @Test
  void shouldKeepEveryFrameOverTwoHostsWithCutsUnderLoad() throws Exception {
    try (TwoHosts hosts = new TwoHosts()) {
      hosts.nodes.forEach(node -> node.vm.sendAll(3_000_000));
      long recorded = 0;
      for (int epoch = 1; epoch <= CUTS; epoch++) {
        int least = hosts.nodes.getLast().vm.emitted().size() + 400;
        await().atMost(PATIENCE).until(() -> hosts.nodes.getLast().vm.emitted().size() > least);
        hosts.cutAll(epoch);
        for (TwoHosts.Node node : hosts.nodes) {
          recorded += node.log(epoch).frames().size();
        }
      }
      hosts.stopSending();
      hosts.settle();
      for (TwoHosts.Node to : hosts.nodes) {
        GateCounters counters = TwoHosts.done(to.orders.counters());
        assertThat(counters.drops().total()).as("drops at VNIC %d", to.number).isZero();
        assertThat(counters.missing()).as("missing at VNIC %d", to.number).isZero();
        assertThat(counters.waiting()).as("waiting at VNIC %d", to.number).isZero();
        for (TwoHosts.Node from : hosts.nodes) {
          if (from != to) {
            assertSame(TwoHosts.from(from, to.vm.taken()), TwoHosts.sentTo(from.vm.emitted(), to));
            for (int epoch = 1; epoch <= CUTS; epoch++) {
              checkExact(from, to, epoch);
            }
          }
        }
      }
      long held = hosts.nodes.stream().mapToLong(node -> node.heldFrames).sum();
      assertThat(recorded + held).as("frames that crossed a cut").isPositive();
      System.out.printf(
          "%d cuts: %d frames taken, %d recorded, %d held%n",
          CUTS,
          hosts.nodes.stream().mapToInt(node -> node.vm.taken().size()).sum(),
          recorded,
          held);
    }
  }

  /** Compares, and shows only where the difference begins. */
  private static void assertSame(List<TestFrame> actual, List<TestFrame> expected) {
    int at = 0;
    while (at < Math.min(actual.size(), expected.size())
        && actual.get(at).equals(expected.get(at))) {
      at++;
    }
    assertThat(actual.subList(at, Math.min(at + 5, actual.size())))
        .as("from frame %d of %d, expected %d", at, actual.size(), expected.size())
        .isEqualTo(expected.subList(at, Math.min(at + 5, expected.size())));
  }

  private static void checkExact(TwoHosts.Node from, TwoHosts.Node to, int epoch) {
    FakeQemu.Image sender = from.images.get(epoch);
    assertThat(sender).isNotNull();
    assertSame(
        TwoHosts.restored(from, to, epoch),
        TwoHosts.sentTo(sender == null ? List.of() : sender.emitted(), to));
    ChannelRecord account = TwoHosts.account(from, to, epoch);
    assertThat(account.getClosed()).isTrue();
    assertThat(account.getSent()).isEqualTo(account.getDelivered() + account.getRecorded());
  }

  @Test
  void shouldCountWhatABrokenTrunkLostAndCloseTheLogAllTheSame() throws Exception {
    try (TwoHosts hosts = new TwoHosts()) {
      TwoHosts.Node from = hosts.nodes.getFirst();
      TwoHosts.Node to = hosts.nodes.getLast();
      hosts.nodes.forEach(node -> node.vm.sendAll(3_000_000));
      for (int i = 0; i < 5; i++) {
        int least = to.vm.taken().size() + 1000;
        await().atMost(PATIENCE).until(() -> to.vm.taken().size() > least);
        hosts.aToB.breakAll();
      }
      int epoch = 1;
      hosts.aToB.refuse(true); // markers have to wait, or get lost with the connection
      hosts.cutAll(epoch);
      hosts.aToB.refuse(false);
      ChannelRecord account = TwoHosts.account(from, to, epoch);
      hosts.stopSending();
      hosts.settle();
      List<TestFrame> live = TwoHosts.from(from, to.vm.taken());
      assertThat(new HashSet<>(live)).as("nothing twice").hasSameSizeAs(live);
      assertThat(live).as("order").isSortedAccordingTo((x, y) -> x.number() - y.number());
      FakeQemu.Image sender = from.images.get(epoch);
      assertThat(sender).isNotNull();
      int sent = sender == null ? 0 : TwoHosts.sentTo(sender.emitted(), to).size();
      assertThat(account.getSent()).isEqualTo(sent);
      assertThat(account.getSent())
          .isEqualTo(account.getDelivered() + account.getRecorded() + TwoHosts.drops(account));
      assertThat((long) TwoHosts.restored(from, to, epoch).size())
          .isEqualTo(account.getDelivered() + account.getRecorded());
    }
  }

  @Test
  void shouldSendAgainAMarkerThatWasLostWithTheConnection() throws Exception {
    try (TwoHosts hosts = new TwoHosts()) {
      TwoHosts.Node from = hosts.nodes.getFirst();
      TwoHosts.Node to = hosts.nodes.getLast();
      from.vm.send(to.number, 100);
      await().atMost(PATIENCE).until(() -> to.vm.taken().size() == 1);
      hosts.aToB.refuse(true);
      hosts.cutAll(1); // the proxy swallows what a connection brings
      TwoHosts.Node local = hosts.nodes.get(1);
      assertThat(TwoHosts.account(local, from, 1).getClosed()).isTrue();
      assertThat(to.logs).isEmpty();
      hosts.aToB.refuse(false);
      ChannelRecord account = TwoHosts.account(from, to, 1);
      assertThat(account.getSent()).isEqualTo(1);
      assertThat(account.getDelivered()).isEqualTo(1);
    }
  }

  @Test
  void shouldCloseTheLogsOfAnIdleNetwork() throws Exception {
    try (TwoHosts hosts = new TwoHosts()) {
      for (int epoch = 1; epoch <= 5; epoch++) {
        hosts.cutAll(epoch);
        for (TwoHosts.Node node : hosts.nodes) {
          assertThat(node.log(epoch).frames()).isEmpty();
          assertThat(node.log(epoch).channels()).hasSize(TwoHosts.VNICS - 1);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET / HTTP/1.1\r\n\r\n",
        "\0\0\0\u000eVNTRUNK\n\u0001other",
        "\0\0\0\nVNTRUNK\n\u0002a\0\0\0\u0003abc",
        "\0\0\0\nVNTRUNK\n\u0002a\u007f\0\0\0",
        "\0\0\0\0"
      })
  void shouldCutOffAPeerThatSendsNonsense(String nonsense) throws Exception {
    try (DataPlane plane = DataPlane.open(TwoHosts.settings())) {
      sendAndExpectEnd(plane, nonsense.getBytes(StandardCharsets.ISO_8859_1));
      assertThat(TwoHosts.done(plane.trunkCounters()).cutOff()).isEqualTo(1);
      assertThat(plane.bufferBytes()).isZero();
    }
  }

  private static void sendAndExpectEnd(DataPlane plane, byte[] bytes) throws IOException {
    try (Socket peer = new Socket(InetAddress.getLoopbackAddress(), plane.endpoint().getPort())) {
      peer.setSoTimeout(5000);
      OutputStream out = peer.getOutputStream();
      out.write(bytes);
      out.flush();
      try {
        assertThat(peer.getInputStream().read()).isEqualTo(-1);
      } catch (java.net.SocketException reset) {
        assertThat(reset).hasMessageContaining("reset");
      }
    }
  }

  @Test
  void shouldCountFramesOfAnUnknownNetworkAndGoOn() throws Exception {
    try (TwoHosts hosts = new TwoHosts()) {
      TwoHosts.done(hosts.onB.close());
      hosts.nodes.getFirst().vm.send(3, 100);
      await()
          .atMost(PATIENCE)
          .until(() -> TwoHosts.done(hosts.b.trunkCounters()).unknownNetwork() == 1);
      hosts.nodes.getFirst().vm.send(1, 100);
      await().atMost(PATIENCE).until(() -> hosts.nodes.get(1).vm.taken().size() == 1);
      assertThat(TwoHosts.done(hosts.b.trunkCounters()).cutOff()).isZero();
    }
  }

  @Test
  void shouldStayBoundedWhenAVmFloodsAShutGate() throws Exception {
    try (TwoHosts hosts = new TwoHosts()) {
      TwoHosts.Node from = hosts.nodes.getFirst();
      long bound = TwoHosts.settings().gate().queueBytes();
      for (int shut : List.of(1, 3)) {
        TwoHosts.done(hosts.nodes.get(shut).orders.hold(1));
      }
      int frames = 40_000;
      for (int i = 0; i < frames; i++) {
        from.vm.send(TestFrame.ALL, 1514);
      }
      hosts.settle();
      assertThat(hosts.a.bufferBytes()).isLessThan(2 * bound);
      assertThat(hosts.b.bufferBytes()).isLessThan(2 * bound);
      for (int shut : List.of(1, 3)) {
        GateCounters counters = TwoHosts.done(hosts.nodes.get(shut).orders.counters());
        assertThat(counters.drops().of(DropCause.HOLD_FULL)).isPositive();
        TwoHosts.done(hosts.nodes.get(shut).orders.abort(1));
      }
      from.vm.send(TestFrame.ALL, 60); // the number of the last frame tells what is missing
      for (int shut : List.of(1, 3)) {
        await().atMost(PATIENCE).until(() -> accountedFor(hosts.nodes.get(shut)) == frames + 1);
      }
    }
  }

  /** Frames for a VNIC of which it is known what became of them. */
  private static long accountedFor(TwoHosts.Node node) {
    GateCounters counters = TwoHosts.done(node.orders.counters());
    return counters.delivered() + counters.drops().total() + counters.missing();
  }

  @Test
  void shouldReportASocketThatClosesInTheMiddleOfAFrame() throws Exception {
    try (TwoHosts hosts = new TwoHosts()) {
      TwoHosts.Node node = hosts.nodes.getFirst();
      node.vm.send(1, 100);
      await().atMost(PATIENCE).until(() -> hosts.nodes.get(1).vm.taken().size() == 1);
      node.vm.write(ByteBuffer.wrap(new byte[] {0, 0, 1, 0, 7, 7, 7}));
      node.vm.close();
      await().atMost(PATIENCE).until(() -> !node.closings.isEmpty());
      assertThat(node.closings).singleElement().asString().contains("in the middle of a frame");
      hosts.nodes.get(1).vm.send(0, 100);
      await()
          .atMost(PATIENCE)
          .until(() -> TwoHosts.done(node.orders.counters()).drops().of(DropCause.VM_GONE) == 1);
    }
  }

  @Test
  void shouldCutOffAVmWhoseFramingIsBroken() throws Exception {
    try (TwoHosts hosts = new TwoHosts()) {
      TwoHosts.Node node = hosts.nodes.getFirst();
      node.vm.write(ByteBuffer.wrap(new byte[] {0, 0, 0, 3, 7, 7, 7}));
      node.vm.write(ByteBuffer.wrap(new byte[] {0, 2, 0, 0}));
      await().atMost(PATIENCE).until(() -> !node.closings.isEmpty());
      assertThat(node.closings).singleElement().asString().contains("131072 bytes");
      assertThat(TwoHosts.done(node.orders.counters()).refused().of(BadInput.UNDERSIZED))
          .isEqualTo(1);
    }
  }
}
