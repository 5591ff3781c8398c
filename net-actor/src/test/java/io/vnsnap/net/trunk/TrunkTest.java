package io.vnsnap.net.trunk;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.vnsnap.net.LogLines;
import io.vnsnap.net.frame.Flusher;
import io.vnsnap.proto.DropCause;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Special cases of a trunk over a simulated transport. */
@Timeout(60)
class TrunkTest {
  private static final int FAKE_PORT = 4711;

  @Test
  void shouldSendAgainWhatARestartedReceiverDidNotAcknowledge() throws Exception {
    try (TrunkWorld world = new TrunkWorld("", 1, 1)) {
      TrunkWorld.Line line = world.lines.getFirst();
      line.send(100);
      world.settle();
      line.send(100);
      line.send(100);
      world.turn();
      world.restartReceiver();
      world.settle();
      assertThat(line.arrived).containsExactly(1L, 2L, 3L);
      line.send(100);
      world.settle();
      assertThat(line.arrived).containsExactly(1L, 2L, 3L, 4L);
    }
  }

  @Test
  void shouldGiveUpFramesRatherThanMarkersAndCountThem() throws Exception {
    String small = "vnsnap.net.trunk { queue-bytes = 64 KiB, marker-reserve = 0 }";
    LogLines log = new LogLines();
    try (log;
        TrunkWorld world = new TrunkWorld(small, 2, 1)) {
      TrunkWorld.Line one = world.lines.getFirst();
      TrunkWorld.Line two = world.lines.getLast();
      for (int i = 0; i < 100; i++) {
        one.send(1000);
      }
      long refused = one.refused.total();
      assertThat(refused).isGreaterThan(1);
      assertThat(log.with("Trunk to host b"))
          .filteredOn(line -> line.contains("TRUNK_FULL"))
          .singleElement()
          .asString()
          .startsWith("WARN")
          .contains("raise vnsnap.net.trunk.queue-bytes, 65536 bytes here");
      for (int i = 0; i < 400; i++) {
        two.mark();
        one.mark();
      }
      world.settle();
      assertThat(one.markers.getLast().epoch()).isEqualTo(400);
      assertThat(two.markers.getLast().epoch()).isEqualTo(400);
      assertThat(one.markers.getLast().drops().of(DropCause.TRUNK_BROKEN))
          .isEqualTo(100 - refused)
          .isPositive();
      one.send(1000);
      one.mark();
      world.settle();
      assertThat(one.arrived).containsExactly(101L);
      world.lines.forEach(line -> line.hop.release());
      assertThat(log.with("is closed"))
          .singleElement()
          .asString()
          .endsWith("TRUNK_FULL %d, TRUNK_BROKEN %d".formatted(refused, 100 - refused));
    }
  }

  /** A listener that answers what it is told to. */
  private static void listenAndAnswer(LocalTransport transport, List<String> seen, byte[] answer) {
    transport.await(
        transport
            .listeners()
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        .addLast(
                            new ChannelInboundHandlerAdapter() {
                              @Override
                              public void channelRead(ChannelHandlerContext context, Object read) {
                                ByteBuf bytes = (ByteBuf) read;
                                seen.add(bytes.toString(StandardCharsets.ISO_8859_1));
                                bytes.release();
                                var unused = context.writeAndFlush(Unpooled.copiedBuffer(answer));
                              }
                            });
                  }
                })
            .bind(transport.local("", FAKE_PORT)));
  }

  private static byte[] welcome(long received) {
    ByteBuf welcome = Unpooled.buffer();
    TrunkRecords.writeWelcome(welcome, received);
    byte[] bytes = new byte[welcome.readableBytes()];
    welcome.readBytes(bytes);
    return bytes;
  }

  private static List<String> connectTo(byte[] answer) throws Exception {
    List<String> seen = new ArrayList<>();
    try (TrunkWorld world = new TrunkWorld("", 1, 1)) {
      listenAndAnswer(world.transport, seen, answer);
      TrunkHop hop =
          world.trunks.hop(new TrunkTarget("a", "c", "c", FAKE_PORT), new ChannelAddress(1, 2, 3));
      ByteBuf framed = Unpooled.buffer().writeInt(60).writeZero(60);
      assertThat(hop.send(0, 1, framed, 1)).isTrue();
      for (int i = 0; i < 100; i++) {
        world.turn();
        world.transport.advance(Duration.ofMillis(100));
      }
      hop.release();
    }
    return seen;
  }

  @Test
  void shouldSendNothingToAPeerThatDoesNotAnswerSensibly() throws Exception {
    for (byte[] nonsense :
        List.of(
            "HTTP/1.1 400 Bad Request".getBytes(StandardCharsets.ISO_8859_1),
            welcome(1),
            welcome(-1),
            new byte[] {0, 0, 0, 1, 0})) {
      List<String> seen = connectTo(nonsense);
      // 10 s: at once, then after 50, 100, 200, 400, 800 ms, and then each second
      assertThat(seen).hasSizeBetween(10, 15);
      assertThat(seen).allSatisfy(bytes -> assertThat(bytes).hasSize(30).contains("VNTRUNK"));
    }
  }

  @Test
  void shouldTryAgainWhenThePeerDoesNotAnswerAtAll() throws Exception {
    assertThat(connectTo(new byte[0])).hasSize(2); // 5 s each
  }

  @Test
  void shouldRememberNoMoreSessionsThanAllowed() throws Exception {
    try (TrunkWorld world = new TrunkWorld("vnsnap.net.trunk.max-connections = 4", 1, 1)) {
      TrunkSessions sessions = new TrunkSessions(4);
      for (int i = 0; i < 100; i++) {
        TrunkInbound connection =
            new TrunkInbound(
                new TrunkListener(
                    world.settings,
                    world.transport,
                    null,
                    new Flusher(world.transport::nanos),
                    () -> 0),
                null,
                new io.netty.channel.embedded.EmbeddedChannel());
        TrunkSessions.Session session =
            sessions.open(new TrunkRecords.Hello("host" + i, i, 1), connection);
        assertThat(sessions.size()).isLessThanOrEqualTo(5);
        sessions.ended(session, connection);
      }
      assertThat(sessions.size()).isEqualTo(4);
    }
  }
}
