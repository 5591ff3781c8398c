package io.vnsnap.net.frame;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
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
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/** A million streams of bytes as a VM or a host could send them, cut anywhere. */
class RecordSplitterFuzzTest {
  /** Takes some hundredths of a second; longer than this is a hang. */
  private static final Duration A_TRY = Duration.ofSeconds(30);

  private static final int INPUTS_PER_TRY = 1000;
  private static final int SHORT = 64;
  private static final int FRAMES = 100_000;

  /** Smallest array of a buffer that has grown. */
  private static final int SMALLEST_BYTES = 64;

  private final CountingAllocator allocator = new CountingAllocator();
  private final ByteBuf stream = Unpooled.buffer(1 << 20);
  private long broken;
  private long records;
  private long longest;

  /** Compares each record, as it comes, with what stands in the stream. */
  private final class Checker implements RecordSplitter.Sink {
    private final int limit;
    private int at;

    Checker(int limit) {
      this.limit = limit;
    }

    @Override
    public void record(ByteBuf record) {
      int length = stream.getInt(at);
      must(length >= 0 && length <= limit, "a length beyond the limit");
      must(record.readableBytes() == Framing.LENGTH_BYTES + length, "the size of a record");
      must(
          ByteBufUtil.equals(stream, at, record, record.readerIndex(), record.readableBytes()),
          "the content of a record");
      at += Framing.LENGTH_BYTES + length;
      records++;
      longest += length == Framing.MAX_FRAME ? 1 : 0;
    }

    /** After the last byte was given. */
    void checkEnd(RecordSplitter splitter) {
      int left = stream.writerIndex() - at;
      long length = left < Framing.LENGTH_BYTES ? -1 : stream.getUnsignedInt(at);
      boolean beyond = length > limit;
      must(splitter.brokenLength() == (beyond ? length : -1), "the length that was refused");
      must(beyond || length < 0 || length > left - Framing.LENGTH_BYTES, "a record that was lost");
      must(beyond || splitter.isBetweenRecords() == (left == 0), "the end of a record");
    }
  }

  private static void must(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError(what);
    }
  }

  @Property(tries = 1000, shrinking = ShrinkingMode.OFF)
  void shouldCutAnyStreamWithoutHarm(@ForAll long seed) {
    assertTimeoutPreemptively(A_TRY, () -> cutStreams(seed));
  }

  private void cutStreams(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    broken = 0;
    records = 0;
    longest = 0;
    for (int input = 0; input < INPUTS_PER_TRY; input++) {
      // A large one takes as long as many small ones.
      int limit = random.nextInt(16) == 0 ? Framing.MAX_FRAME : random.nextInt(SHORT);
      fill(random, limit);
      cut(random, limit);
    }
    assertThat(allocator.bytes()).isZero();
    // All kinds were met often, or this test is of no worth.
    assertThat(records).isGreaterThan(INPUTS_PER_TRY);
    assertThat(longest).isPositive();
    assertThat(broken).isBetween(INPUTS_PER_TRY / 10L, INPUTS_PER_TRY * 9L / 10);
  }

  private void cut(SplittableRandom random, int limit) {
    RecordSplitter splitter = new RecordSplitter(allocator, limit);
    Checker checker = new Checker(limit);
    boolean sound = true;
    while (stream.isReadable() && sound) {
      int most = random.nextBoolean() ? 2 * Framing.LENGTH_BYTES : stream.readableBytes();
      int chunk = 1 + random.nextInt(Math.min(most, stream.readableBytes()));
      sound = splitter.split(stream.readSlice(chunk), checker);
      must(
          allocator.bytes() <= 2 * (limit + Framing.LENGTH_BYTES) + SMALLEST_BYTES,
          "more memory than a record needs");
    }
    checker.checkEnd(splitter);
    must(sound == (splitter.brokenLength() < 0), "what it says of the stream");
    broken += sound ? 0 : 1;
    splitter.close();
  }

  /** Some sound records, many of them of an extreme length, and then often anything. */
  private void fill(SplittableRandom random, int limit) {
    stream.clear();
    for (int i = random.nextInt(4); i > 0; i--) {
      int length = length(random, limit);
      stream.writeInt(length).writeZero(length);
      // What was not copied, or from elsewhere, is seen at the ends and somewhere between.
      for (int mark = length == 0 ? 0 : 3; mark > 0; mark--) {
        int back = mark == 1 ? 1 : mark == 2 ? length : 1 + random.nextInt(length);
        stream.setByte(stream.writerIndex() - back, random.nextInt());
      }
    }
    switch (random.nextInt(6)) {
      case 0 -> stream.writeInt(random.nextInt());
      case 1 -> {
        for (int i = random.nextInt(60); i > 0; i--) {
          stream.writeByte(random.nextInt(256));
        }
      }
      case 2 -> stream.writeInt(length(random, limit)).writeZero(random.nextInt(8));
      case 3 -> stream.writeInt(limit + 1).writeZero(random.nextInt(limit + 2));
      case 4 -> stream.writeInt(random.nextBoolean() ? -1 : Integer.MAX_VALUE).writeZero(8);
      default -> {
        // nothing else
      }
    }
  }

  /** Up to the limit, often at one of its ends. */
  private static int length(SplittableRandom random, int limit) {
    return switch (random.nextInt(8)) {
      case 0 -> 0;
      case 1 -> Math.min(1, limit);
      case 2 -> Math.max(0, limit - 1);
      case 3, 4 -> limit;
      default -> random.nextInt(limit + 1);
    };
  }

  /** Counts what leaves a link. */
  private static final class Sink implements NextHop {
    private long frames;

    @Override
    public boolean send(int epoch, long first, ByteBuf train, int count) {
      frames += count;
      return true;
    }

    @Override
    public boolean early(int epoch, long sequence, long remainingNanos, ByteBuf framed) {
      return send(epoch, sequence, framed, 1);
    }

    @Override
    public void marker(Marker marker) {
      // nobody marks
    }
  }

  @Property(tries = 10, shrinking = ShrinkingMode.OFF)
  void shouldSwitchAnyFrameWithoutHarm(@ForAll long seed) {
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
    SplittableRandom random = new SplittableRandom(seed);
    long permitted = 0;
    for (int input = 0; input < FRAMES / 10; input++) {
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
        shaper.send(input / 1000, framed, 1);
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
