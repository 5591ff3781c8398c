package io.vnsnap.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.vnsnap.net.frame.BadInput;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.net.gate.GateCounters;
import io.vnsnap.net.gate.TestFrame;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a VM may send that it should not: counted, and nobody else notices. */
@Timeout(120)
class BadInputTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int TYPE_AT = Framing.LENGTH_BYTES + 12;

  private static GateCounters counters(TwoHosts.Node node) {
    return TwoHosts.done(node.orders.counters());
  }

  private static void awaitRefused(TwoHosts.Node node, BadInput cause, long count) {
    await().atMost(PATIENCE).until(() -> counters(node).refused().of(cause) == count);
  }

  private static void write(TwoHosts.Node node, ByteBuf framed) {
    node.vm.write(framed.nioBuffer());
    framed.release();
  }

  @Test
  void shouldRefuseForgedSourcesAndTagsAndGoOn() throws Exception {
    try (TwoHosts hosts = new TwoHosts()) {
      TwoHosts.Node from = hosts.nodes.getFirst();
      TwoHosts.Node to = hosts.nodes.get(1);
      write(from, new TestFrame(1, 3, 0).framed()); // says it is VNIC 3
      awaitRefused(from, BadInput.FORGED_SOURCE, 1);
      int count = 1;
      for (int tag : List.of(0x8100, 0x88a8, 0x9100)) {
        write(from, new TestFrame(TestFrame.ALL, 0, 0).framed().setShort(TYPE_AT, tag));
        awaitRefused(from, BadInput.VLAN_TAG, count++);
      }
      write(from, Unpooled.buffer().writeInt(0));
      write(from, Unpooled.buffer().writeInt(13).writeZero(13));
      awaitRefused(from, BadInput.UNDERSIZED, 2);
      from.vm.send(1, 100);
      await().atMost(PATIENCE).until(() -> to.vm.taken().size() == 1);
      hosts.cutAll(1);
      assertThat(TwoHosts.account(from, to, 1).getSent()).as("what counts as sent").isEqualTo(1);
      assertThat(counters(from).refused().total()).isEqualTo(6);
      assertThat(hosts.nodes.get(3).vm.taken()).isEmpty();
    }
  }

  @Test
  void shouldTakeTheLongestFrameAndEndAtALongerOne() throws Exception {
    try (TwoHosts hosts = new TwoHosts()) {
      TwoHosts.Node from = hosts.nodes.getFirst();
      TwoHosts.Node to = hosts.nodes.get(2);
      from.vm.send(2, Framing.MAX_FRAME);
      await().atMost(PATIENCE).until(() -> to.vm.taken().size() == 1);
      from.vm.write(ByteBuffer.allocate(4).putInt(0, Framing.MAX_FRAME + 1));
      awaitRefused(from, BadInput.OVERSIZED, 1);
      assertThat(from.closings).singleElement().asString().contains("69633 bytes");
      hosts.nodes.get(1).vm.send(2, 100);
      await().atMost(PATIENCE).until(() -> to.vm.taken().size() == 2);
    }
  }

  @Test
  void shouldCountASocketThatClosesInTheMiddleOfAFrame() throws Exception {
    try (TwoHosts hosts = new TwoHosts()) {
      TwoHosts.Node from = hosts.nodes.getFirst();
      from.vm.write(ByteBuffer.wrap(new byte[] {0, 0, 5, 0, 1, 2, 3}));
      from.vm.close();
      awaitRefused(from, BadInput.TORN, 1);
      assertThat(from.closings).singleElement().asString().contains("in the middle of a frame");
    }
  }

  @Test
  void shouldKeepAFloodOfBadFramesAwayFromEveryLink() throws Exception {
    int frames = 20_000;
    try (TwoHosts hosts = new TwoHosts()) {
      TwoHosts.Node from = hosts.nodes.getFirst();
      ByteBuf flood = Unpooled.buffer();
      for (int i = 0; i < 100; i++) {
        ByteBuf framed = new TestFrame(TestFrame.ALL, 2, i).framed(1514);
        flood.writeBytes(framed);
        framed.release();
      }
      for (int i = 0; i < frames / 100; i++) {
        from.vm.write(flood.nioBuffer());
      }
      flood.release();
      awaitRefused(from, BadInput.FORGED_SOURCE, frames);
      for (TwoHosts.Node node : hosts.nodes) {
        assertThat(node.vm.taken()).isEmpty();
        assertThat(counters(node).sent()).isZero();
      }
    }
  }
}
