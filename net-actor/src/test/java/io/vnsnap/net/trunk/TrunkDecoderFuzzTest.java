package io.vnsnap.net.trunk;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledHeapByteBuf;
import io.vnsnap.net.frame.Drops;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.net.gate.Marker;
import io.vnsnap.proto.DropCause;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes from another host, right and wrong: never an exception, a hang, or much memory. */
@Timeout(120)
class TrunkDecoderFuzzTest {
  private static final int INPUTS = 1_000_000;
  private static final int MOST_MEMORY = 2 * TrunkRecords.MAX_RECORD;

  private final CountingAllocator allocator = new CountingAllocator();
  private final CheckingSink sink = new CheckingSink();
  private final ByteBuf input = Unpooled.buffer(4096);

  /** Knows what is in use, and is fast. */
  private static final class CountingAllocator extends AbstractByteBufAllocator {
    long bytes;

    CountingAllocator() {
      super(false);
    }

    @Override
    protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
      return new UnpooledHeapByteBuf(this, initialCapacity, maxCapacity) {
        @Override
        protected byte[] allocateArray(int size) {
          bytes += size;
          return super.allocateArray(size);
        }

        @Override
        protected void freeArray(byte[] array) {
          bytes -= array.length;
          super.freeArray(array);
        }
      };
    }

    @Override
    protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
      return newHeapBuffer(initialCapacity, maxCapacity);
    }

    @Override
    public boolean isDirectBufferPooled() {
      return false;
    }
  }

  /** Whatever gets through must make sense. */
  private static final class CheckingSink implements TrunkDecoder.Sink {
    long hellos;
    long frames;
    long early;
    long markers;

    @Override
    public void hello(TrunkRecords.Hello hello) {
      hellos++;
      require(!hello.host().isEmpty() && hello.first() > 0, "hello");
    }

    @Override
    public void frame(long network, int from, int to, int epoch, long sequence, ByteBuf framed) {
      frames++;
      int length = framed.getInt(framed.readerIndex());
      require(length == framed.readableBytes() - Framing.LENGTH_BYTES, "length of a frame");
      require(length >= Framing.MIN_FRAME && length <= Framing.MAX_FRAME, "size of a frame");
    }

    @Override
    public void early(
        long network,
        int from,
        int to,
        int epoch,
        long sequence,
        long remainingNanos,
        ByteBuf framed) {
      early++;
      require(remainingNanos > 0, "time left");
      frame(network, from, to, epoch, sequence, framed);
      frames--;
    }

    @Override
    public void marker(long network, int from, int to, Marker marker) {
      markers++;
      for (int cause = 0; cause < Drops.CAUSES; cause++) {
        require(marker.drops().of(cause) >= 0, "count of a marker");
      }
    }

    private static void require(boolean holds, String what) {
      if (!holds) {
        throw new AssertionError(what);
      }
    }
  }

  @Test
  void shouldSurviveAMillionInputs() {
    long wrong = 0;
    for (int seed = 0; seed < INPUTS; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      write(random);
      damage(random);
      if (decode(random) != null) {
        wrong++;
      }
    }
    assertThat(allocator.bytes).isZero();
    // Both kinds were met often, or this test is of no worth.
    assertThat(wrong).isBetween(INPUTS / 10L, INPUTS * 9L / 10);
    assertThat(sink.hellos).isGreaterThan(INPUTS / 4);
    assertThat(sink.frames).isGreaterThan(INPUTS / 4);
    assertThat(sink.markers).isGreaterThan(INPUTS / 10);
    assertThat(sink.early).isGreaterThan(INPUTS / 20);
  }

  /** What a host would send, most of the time. */
  private void write(SplittableRandom random) {
    input.clear();
    if (random.nextInt(16) == 0) {
      for (int i = random.nextInt(64); i > 0; i--) {
        input.writeByte(random.nextInt());
      }
      return;
    }
    TrunkRecords.writeHello(
        input, new TrunkRecords.Hello("host", random.nextLong(), 1 + random.nextInt(100)));
    for (int i = random.nextInt(5); i > 0; i--) {
      ChannelAddress channel =
          new ChannelAddress(random.nextLong(), random.nextInt(), random.nextInt());
      int kind = random.nextInt(4);
      if (kind < 2) {
        ByteBuf framed = frame(random.nextInt(90));
        TrunkRecords.writeFrame(input, channel, random.nextInt(), random.nextLong(), framed);
      } else if (kind == 2) {
        long remaining = random.nextLong() >>> (1 + random.nextInt(50));
        ByteBuf framed = frame(random.nextInt(90));
        TrunkRecords.writeEarly(
            input, channel, random.nextInt(), random.nextLong(), remaining, framed);
      } else {
        Drops drops = new Drops();
        drops.add(DropCause.QUEUE_FULL, random.nextLong() >>> random.nextInt(64));
        TrunkRecords.writeMarker(
            input, channel, new Marker(random.nextInt(), random.nextLong(), drops));
      }
    }
  }

  private static ByteBuf frame(int length) {
    return Unpooled.buffer(Framing.LENGTH_BYTES + length).writeInt(length).writeZero(length);
  }

  private void damage(SplittableRandom random) {
    for (int i = random.nextInt(4) - 1; i > 0 && input.isReadable(); i--) {
      int at = random.nextInt(input.writerIndex());
      switch (random.nextInt(3)) {
        case 0 -> input.setByte(at, random.nextInt());
        case 1 -> input.setByte(at, input.getByte(at) ^ (1 << random.nextInt(8)));
        default -> input.writerIndex(at);
      }
    }
  }

  private @Nullable String decode(SplittableRandom random) {
    TrunkDecoder decoder = new TrunkDecoder(allocator, sink);
    String nonsense = null;
    while (input.isReadable() && nonsense == null) {
      int size = 1 + random.nextInt(random.nextInt(4) == 0 ? 20 : input.readableBytes());
      nonsense = decoder.decode(input.readSlice(Math.min(size, input.readableBytes())));
      if (allocator.bytes > MOST_MEMORY) {
        throw new AssertionError(allocator.bytes + " bytes in use");
      }
    }
    decoder.close();
    return nonsense;
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 13, Framing.MAX_FRAME + 1})
  void shouldRefuseAFrameOfAWrongSize(int length) {
    TrunkRecords.writeHello(input, new TrunkRecords.Hello("host", 1, 1));
    TrunkRecords.writeFrame(input, new ChannelAddress(1, 2, 3), 4, 5, frame(length));
    assertThat(decode(new SplittableRandom(0))).startsWith("it sent a");
  }

  @ParameterizedTest
  @ValueSource(ints = {Framing.MIN_FRAME, Framing.MAX_FRAME})
  void shouldTakeTheShortestAndTheLongestFrame(int length) {
    TrunkRecords.writeHello(input, new TrunkRecords.Hello("host", 1, 1));
    TrunkRecords.writeFrame(input, new ChannelAddress(1, 2, 3), 4, 5, frame(length));
    assertThat(decode(new SplittableRandom(0))).isNull();
    assertThat(sink.frames).isEqualTo(1);
  }

  @Test
  void shouldNameTheVersionItDoesNotSpeak() {
    TrunkRecords.writeHello(input, new TrunkRecords.Hello("host", 1, 1));
    input.setByte(Framing.LENGTH_BYTES + Long.BYTES, 9);
    assertThat(decode(new SplittableRandom(0)))
        .isEqualTo("it speaks version 9 of the trunk's language, this host version 2");
  }
}
