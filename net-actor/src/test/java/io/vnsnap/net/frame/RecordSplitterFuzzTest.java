package io.vnsnap.net.frame;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.vnsnap.net.gate.Marker;
import io.vnsnap.net.gate.VirtualClock;
import io.vnsnap.net.link.LinkSettings;
import io.vnsnap.net.link.NextHop;
import io.vnsnap.net.link.OutChannel;
import io.vnsnap.net.link.Shaper;
import io.vnsnap.net.link.Shaping;
import io.vnsnap.net.link.SwitchPort;
import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A million streams of bytes as a VM could send them, cut anywhere. */
@Timeout(180)
class RecordSplitterFuzzTest {
  private static final int INPUTS = 1_000_000;
  private static final int LONGEST = 64;
  private static final long SEED = 20_261_123L;

  /** Checks each record as it comes. */
  private static final class Checker implements RecordSplitter.Sink {
    private final UnpooledByteBufAllocator allocator;
    private long records;

    Checker(UnpooledByteBufAllocator allocator) {
      this.allocator = allocator;
    }

    @Override
    public void record(ByteBuf record) {
      records++;
      int length = record.getInt(record.readerIndex());
      if (length != record.readableBytes() - Framing.LENGTH_BYTES || length > LONGEST) {
        throw new AssertionError("record of length " + length);
      }
      if (allocator.metric().usedDirectMemory() > 2 * LONGEST + 2 * Framing.LENGTH_BYTES) {
        throw new AssertionError("used " + allocator.metric().usedDirectMemory());
      }
    }
  }

  @Test
  void shouldCutAnyStreamWithoutHarm() {
    UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);
    Checker checker = new Checker(allocator);
    SplittableRandom random = new SplittableRandom(SEED);
    ByteBuf stream = allocator.heapBuffer(512, 512);
    long broken = 0;
    for (int input = 0; input < INPUTS; input++) {
      stream.clear();
      long whole = fill(stream, random);
      RecordSplitter splitter = new RecordSplitter(allocator, LONGEST);
      long before = checker.records;
      boolean sound = true;
      while (stream.isReadable() && sound) {
        int chunk = 1 + random.nextInt(Math.min(40, stream.readableBytes()));
        sound = splitter.split(stream.readSlice(chunk), checker);
      }
      broken += sound ? 0 : 1;
      if (sound != (splitter.brokenLength() < 0) || checker.records - before < whole) {
        throw new AssertionError("input " + input + " of seed " + SEED);
      }
      splitter.close();
    }
    assertThat(allocator.metric().usedDirectMemory()).isZero();
    stream.release();
    assertThat(checker.records).isGreaterThan(INPUTS);
    assertThat(broken).isBetween((long) INPUTS / 10, (long) INPUTS);
  }

  /** Some sound records, and then often anything; the number of the former. */
  private static long fill(ByteBuf stream, SplittableRandom random) {
    int whole = random.nextInt(4);
    for (int i = 0; i < whole; i++) {
      int length = random.nextInt(LONGEST + 1);
      stream.writeInt(length).writeZero(length);
    }
    switch (random.nextInt(4)) {
      case 0 -> stream.writeInt(random.nextInt());
      case 1 -> {
        for (int i = random.nextInt(60); i > 0; i--) {
          stream.writeByte(random.nextInt(256));
        }
      }
      case 2 -> stream.writeInt(random.nextInt(LONGEST)).writeZero(random.nextInt(8));
      default -> {
        // nothing else
      }
    }
    return whole;
  }

  /** Counts what leaves a link. */
  private static final class Sink implements NextHop {
    private long frames;

    @Override
    public boolean frame(int epoch, long sequence, ByteBuf framed) {
      frames++;
      return true;
    }

    @Override
    public boolean early(int epoch, long sequence, long remainingNanos, ByteBuf framed) {
      return frame(epoch, sequence, framed);
    }

    @Override
    public void marker(Marker marker) {
      // nobody marks
    }
  }

  @Test
  void shouldSwitchAnyFrameWithoutHarm() {
    UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);
    VirtualClock clock = new VirtualClock();
    Sink sink = new Sink();
    SwitchPort port = new SwitchPort(0x5254_0000_0001L);
    port.add(0x5254_0000_0002L, new OutChannel(sink, 0));
    Shaping shaping = new Shaping(1_000_000, 500_000, 10_000, 1_000_000_000, 65_536, 10_000, 1);
    Shaper shaper =
        new Shaper(
            "vnic",
            shaping,
            new LinkSettings(65_536, Duration.ofMillis(1)),
            clock,
            allocator,
            port);
    SplittableRandom random = new SplittableRandom(SEED);
    long permitted = 0;
    for (int input = 0; input < INPUTS / 10; input++) {
      int length = Framing.MIN_FRAME + random.nextInt(40);
      ByteBuf framed = Unpooled.buffer(Framing.LENGTH_BYTES + length).writeInt(length);
      byte[] content = new byte[length];
      random.nextBytes(content);
      framed.writeBytes(content);
      if (random.nextBoolean()) {
        framed.setShort(10, 0x5254).setInt(12, 1);
      }
      if (shaper.fault(Framing.sourceAndType(framed)) == null) {
        permitted++;
        shaper.frame(input / 1000, framed);
      }
      clock.advance(Duration.ofNanos(random.nextInt(10_000)));
    }
    clock.advance(Duration.ofMillis(10));
    assertThat(sink.frames).isPositive().isLessThan(permitted);
    assertThat(shaper.keptBack()).isZero();
    assertThat(shaper.sent()).isEqualTo(permitted);
    assertThat(allocator.metric().usedDirectMemory()).isZero();
  }
}
