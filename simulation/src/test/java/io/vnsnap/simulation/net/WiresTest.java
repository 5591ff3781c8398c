package io.vnsnap.simulation.net;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.vnsnap.simulation.kernel.Kernel;
import io.vnsnap.simulation.kernel.SimulatedProcess;
import io.vnsnap.simulation.kernel.VirtualLoop;
import java.io.ByteArrayOutputStream;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One machine listens, another connects and writes. */
@Timeout(60)
class WiresTest {
  private static final long SECOND = 1_000_000_000;
  private static final int PORT = 2000;

  private final Kernel kernel = Kernel.ofThread();
  private final ByteArrayOutputStream received = new ByteArrayOutputStream();
  private Wires wires = new Wires(kernel);
  private SimulatedProcess sender = kernel.outside();
  private VirtualTransport sending = transport("a", sender);
  private Channel client = new VirtualSocket(wires, "a");
  private boolean ended;

  private final class Reader extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf in = (ByteBuf) message;
      byte[] content = new byte[in.readableBytes()];
      in.readBytes(content);
      in.release();
      received.writeBytes(content);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      ended = true;
    }
  }

  @BeforeEach
  void connect() {
    kernel.begin(3, null);
    wires = new Wires(kernel);
    sender = kernel.newProcess("a.1");
    VirtualTransport receiving = transport("b", kernel.newProcess("b.1"));
    sending = transport("a", sender);
    SocketAddress address = receiving.local("b", PORT);
    receiving.await(
        receiving
            .listeners()
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(new Reader());
                  }
                })
            .bind(address));
    ChannelFuture connecting = connectAgain();
    sending.await(connecting);
    client = connecting.channel();
  }

  private ChannelFuture connectAgain() {
    return sending
        .connections(Duration.ofSeconds(1))
        .handler(new ChannelInboundHandlerAdapter())
        .connect(sending.remote("b", PORT));
  }

  private VirtualTransport transport(String machine, SimulatedProcess process) {
    return new VirtualTransport(kernel, wires, new VirtualLoop(kernel, process), machine);
  }

  private byte[] write(int length) {
    byte[] content = new byte[length];
    new Random(length).nextBytes(content);
    var unused = client.writeAndFlush(Unpooled.wrappedBuffer(content));
    return content;
  }

  @Test
  void shouldCarryBytesInOrderHoweverManyThereAre() {
    byte[] content = write(300_000);
    kernel.pass(60 * SECOND);
    assertThat(received.toByteArray()).isEqualTo(content);
    assertThat(ended).isFalse();
  }

  @Test
  void shouldEndAfterTheLastByte() {
    byte[] content = write(10_000);
    client
        .eventLoop()
        .execute(() -> {
          var unused = client.close();
        });
    kernel.pass(60 * SECOND);
    assertThat(received.toByteArray()).isEqualTo(content);
    assertThat(ended).isTrue();
    assertThat(wires.connections()).isEmpty();
  }

  @Test
  void shouldLeaveNothingOpenOfAConnectionThatWasClosedBeforeItWasMade() {
    for (int late = 0; late < 100; late++) {
      ChannelFuture connecting = connectAgain();
      kernel.pass(late * 20_000L);
      client
          .eventLoop()
          .execute(() -> {
            var unused = connecting.channel().close();
          });
      kernel.pass(SECOND);
      assertThat(connecting.isDone()).isTrue();
      assertThat(wires.connections()).as("those of the first connection").hasSize(2);
    }
  }

  @Test
  void shouldCloseTheSocketsOfAProcessThatWasKilled() {
    kernel.pass(SECOND);
    sender.kill();
    wires.closeSocketsOf(sender);
    kernel.pass(SECOND);
    assertThat(ended).isTrue();
    assertThat(wires.connections()).isEmpty();
  }

  @Test
  void shouldLoseWhatIsUnderWayWhenAConnectionBreaks() {
    write(1000);
    kernel.runUntil(() -> !client.isWritable(), kernel.nanos() + 50_000);
    assertThat(wires.breakConnections("a", "b")).isEqualTo(2);
    kernel.pass(SECOND);
    assertThat(received.size()).isLessThan(1000);
    assertThat(ended).isTrue();
    assertThat(client.isOpen()).isFalse();
  }

  @Test
  void shouldDeliverAfterACutWhatWaitedForItsEnd() {
    wires.cut("b", "a", kernel.nanos() + SECOND);
    byte[] content = write(1000);
    kernel.pass(SECOND / 2);
    assertThat(received.size()).isZero();
    kernel.pass(SECOND);
    assertThat(received.toByteArray()).isEqualTo(content);
  }
}
