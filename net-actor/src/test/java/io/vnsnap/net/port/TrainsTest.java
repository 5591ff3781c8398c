package io.vnsnap.net.port;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.ReferenceCountUtil;
import io.vnsnap.net.frame.BadInput;
import io.vnsnap.net.frame.Flusher;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.net.gate.TestFrame;
import io.vnsnap.net.transport.SocketQueues;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How a port joins what it reads to trains. */
class TrainsTest {
  private static final int VM = 7;

  private final List<TestFrame> frames = new ArrayList<>();
  private final List<Integer> trains = new ArrayList<>();
  private int malformed;
  private int written;
  private String reason = "";

  private final class Events implements PortEvents {
    @Override
    public void received(ByteBuf train, int count) {
      List<TestFrame> read = TestFrame.parseTrain(train);
      assertThat(read).hasSize(count);
      assertThat(read.stream().map(TestFrame::to).distinct()).hasSize(1);
      assertThat(count == 1 || train.readableBytes() <= Framing.MAX_TRAIN).isTrue();
      frames.addAll(read);
      trains.add(count);
      train.skipBytes(4); // the indices may be moved
    }

    @Override
    public void malformed(BadInput cause) {
      malformed++;
    }

    @Override
    public void writable() {
      // nothing waits
    }

    @Override
    public void closed(String why) {
      reason = why;
    }
  }

  /** Nothing is on its way. */
  private static final class Empty implements SocketQueues {
    @Override
    public int incoming() {
      return 0;
    }

    @Override
    public int outgoing() {
      return 0;
    }
  }

  private EmbeddedChannel channel = new EmbeddedChannel();
  private SocketPort port = newPort();

  private SocketPort newPort() {
    return SocketPort.on(channel, new Empty(), new Events(), new Flusher(() -> 0));
  }

  private static ByteBuf stream(TestFrame... sent) {
    ByteBuf stream = Unpooled.buffer();
    for (TestFrame frame : sent) {
      stream.writeBytes(frame.framed());
    }
    return stream;
  }

  private static TestFrame to(int vnic, int number) {
    return new TestFrame(vnic, VM, number);
  }

  @BeforeTry
  void startAnew() {
    port.close();
    channel = new EmbeddedChannel();
    port = newPort();
    frames.clear();
    trains.clear();
  }

  @AfterEach
  @AfterTry
  void closePort() {
    port.close();
  }

  @Test
  void shouldJoinFramesOfTheSameAddresses() {
    channel.writeInbound(stream(to(1, 0), to(1, 1), to(1, 2), to(2, 3), to(2, 4), to(1, 5)));
    assertThat(trains).containsExactly(3, 2, 1);
    assertThat(frames).extracting(TestFrame::number).containsExactly(0, 1, 2, 3, 4, 5);
  }

  @Test
  void shouldPassOnWhatCameBeforeNonsense() {
    channel.writeInbound(
        stream(to(1, 0), to(1, 1)).writeInt(5).writeZero(5).writeBytes(to(1, 2).framed()));
    assertThat(trains).containsExactly(2, 1);
    assertThat(malformed).isOne();
    channel.writeInbound(stream(to(1, 3), to(1, 4)).writeInt(Framing.MAX_FRAME + 1));
    assertThat(trains).containsExactly(2, 1, 2);
    assertThat(reason).contains("more than the " + Framing.MAX_FRAME);
  }

  private void failWrites() {
    channel
        .pipeline()
        .addFirst(
            new ChannelOutboundHandlerAdapter() {
              @Override
              public void write(
                  ChannelHandlerContext context, Object message, ChannelPromise done) {
                written++;
                ReferenceCountUtil.release(message);
                done.setFailure(new IOException("the VM is gone"));
              }
            });
  }

  @Test
  void shouldRefuseFramesWhenTheSocketFailsInTheMiddleOfABatch() {
    failWrites();
    ByteBuf train = stream(to(1, 0), to(1, 1));
    boolean taken = true;
    while (taken && written == 0) {
      taken = port.offer(train, false);
    }
    assertThat(taken).isFalse();
    assertThat(written).isOne();
    assertThat(reason).contains("the VM is gone");
    assertThat(port.isOpen()).isFalse();
    assertThat(port.offer(train, false)).isFalse();
    assertThat(train.refCnt()).isOne();
  }

  @Test
  void shouldLetGoOfALongFrameThatTheSocketDoesNotTake() {
    failWrites();
    ByteBuf framed = to(1, 0).framed(9000);
    assertThat(port.offer(framed, false)).isTrue();
    port.flushNow();
    assertThat(written).isOne();
    assertThat(port.isOpen()).isFalse();
    assertThat(framed.refCnt()).isOne();
  }

  /** Offers part of the buffer as a train that lasts. */
  private void lend(ByteBuf lasting, int from, int size) {
    ByteBuf train = lasting.setIndex(from, from + size);
    assertThat(port.offer(train, true)).isTrue();
  }

  private List<ByteBuf> flushed() {
    port.flushNow();
    List<ByteBuf> out = new ArrayList<>();
    for (ByteBuf next = channel.readOutbound(); next != null; next = channel.readOutbound()) {
      out.add(next);
    }
    return out;
  }

  @Test
  void shouldSendWhatLastsFromWhereItLies() {
    ByteBuf lasting = Unpooled.buffer(64 * 1024).writeZero(64 * 1024);
    lend(lasting, 0, 8000);
    lend(lasting, 8000, 8000);
    lend(lasting, 20_000, 100); // not behind the one before
    assertThat(port.offer(stream(to(1, 0)), false)).isTrue();
    lend(lasting, 20_100, 8000);
    lend(lasting, 28_100, 30_000); // more than a batch with the one before
    lasting.setByte(0, 7); // to see that nothing was copied
    List<ByteBuf> out = flushed();
    assertThat(out)
        .extracting(ByteBuf::readableBytes)
        .containsExactly(16_000, 100, stream(to(1, 0)).readableBytes(), 8000, 30_000);
    assertThat(out.get(0).getByte(0)).isEqualTo((byte) 7);
    out.forEach(ByteBuf::release);
    assertThat(lasting.refCnt()).isOne();
  }

  @Test
  void shouldLetGoOfWhatLastsWhenItIsClosed() {
    ByteBuf lasting = Unpooled.buffer().writeZero(100);
    lend(lasting, 0, 100);
    assertThat(lasting.refCnt()).isEqualTo(2);
    port.close();
    assertThat(lasting.refCnt()).isOne();
  }

  @Property(tries = 200)
  void shouldPassOnEachFrameOnceAndInOrder(@ForAll long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<TestFrame> sent = new ArrayList<>();
    ByteBuf stream = Unpooled.buffer();
    for (int i = 0; i < 500; i++) {
      TestFrame frame = to(random.nextInt(4) == 0 ? 2 : 1, i);
      sent.add(frame);
      int length = random.nextInt(32) == 0 ? 9000 : 22 + random.nextInt(200);
      stream.writeBytes(frame.framed(length));
    }
    while (stream.isReadable()) {
      int most = random.nextBoolean() ? 40 : 20_000;
      int size = Math.min(stream.readableBytes(), 1 + random.nextInt(most));
      channel.writeInbound(stream.readBytes(size));
      assertThat(reason).isEmpty();
    }
    assertThat(frames).isEqualTo(sent);
    assertThat(trains.size()).isLessThan(sent.size());
    assertThat(port.isDrained()).isTrue();
  }
}
