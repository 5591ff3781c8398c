package io.vnsnap.net.trunk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.vnsnap.net.frame.CountingAllocator;
import io.vnsnap.net.frame.Drops;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.net.gate.Marker;
import io.vnsnap.proto.DropCause;
import java.time.Duration;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A million times bytes from another host, right and wrong: never an exception, a hang, or much
 * memory.
 */
class TrunkDecoderFuzzTest {
  /** Takes some hundredths of a second; longer than this is a hang. */
  private static final Duration A_TRY = Duration.ofSeconds(30);

  private static final int INPUTS_PER_TRY = 1000;

  /** What is left to a frame that is not due yet. */
  private static final long LONGEST_DELAY_NANOS = Duration.ofMinutes(2).toNanos();

  private static final int MOST_MEMORY = 2 * TrunkRecords.MAX_RECORD;

  private final CountingAllocator allocator = new CountingAllocator();
  private CheckingSink sink = new CheckingSink();
  private final ByteBuf input = Unpooled.buffer(4096);

  /** Records at the start of the input that are right. */
  private long written;

  /** Whatever gets through must make sense. */
  private static final class CheckingSink implements TrunkDecoder.Sink {
    long hellos;
    long trains;
    long frames;
    long early;
    long markers;
    long longest;

    long records() {
      return hellos + trains + early + markers;
    }

    @Override
    public void hello(TrunkRecords.Hello hello) {
      hellos++;
      require(!hello.host().isEmpty() && hello.first() > 0, "hello");
    }

    @Override
    public void train(
        long network, int from, int to, int epoch, long first, ByteBuf train, int count) {
      trains++;
      frames += count;
      int at = train.readerIndex();
      for (int i = 0; i < count; i++) {
        int length = train.getInt(at);
        require(length >= Framing.MIN_FRAME && length <= Framing.MAX_FRAME, "size of a frame");
        longest += length == Framing.MAX_FRAME ? 1 : 0;
        at = Framing.end(train, at);
      }
      require(at == train.writerIndex() && count > 0, "lengths of a train");
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
      train(network, from, to, epoch, sequence, framed, 1);
      trains--;
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

  @Property(tries = 1000, shrinking = ShrinkingMode.OFF)
  void shouldSurviveAnyInput(@ForAll long seed) {
    assertTimeoutPreemptively(A_TRY, () -> surviveInputs(seed));
  }

  private void surviveInputs(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    sink = new CheckingSink();
    long wrong = 0;
    for (int i = 0; i < INPUTS_PER_TRY; i++) {
      boolean sound = write(random);
      long records = sink.records();
      boolean damaged = random.nextInt(3) == 0;
      if (damaged) {
        damage(random);
      }
      String nonsense = decode(random);
      if (nonsense != null) {
        wrong++;
        assertThat(nonsense).startsWith("it");
      }
      if (!damaged) {
        assertThat(nonsense == null).isEqualTo(sound);
        assertThat(sink.records() - records).isEqualTo(written);
      }
    }
    assertThat(allocator.bytes()).isZero();
    // All kinds were met often, or this test is of no worth.
    assertThat(wrong).isBetween(INPUTS_PER_TRY / 10L, INPUTS_PER_TRY * 9L / 10);
    assertThat(sink.hellos).isGreaterThan(INPUTS_PER_TRY / 4);
    assertThat(sink.trains).isGreaterThan(INPUTS_PER_TRY / 4);
    assertThat(sink.frames).isGreaterThan(sink.trains * 5 / 4);
    assertThat(sink.markers).isGreaterThan(INPUTS_PER_TRY / 10);
    assertThat(sink.early).isGreaterThan(INPUTS_PER_TRY / 20);
    assertThat(sink.longest).isPositive();
  }

  /**
   * What a host would send, most of the time: records of many lengths, of which {@link #written}
   * come before the first that is wrong.
   *
   * @return whether none is
   */
  private boolean write(SplittableRandom random) {
    input.clear();
    written = 0;
    if (random.nextInt(16) == 0) {
      // Begins as nothing that a host says: its length is too large, or its magic is wrong.
      input.writeInt(random.nextInt()).writeInt(0);
      input.writeZero(TrunkRecords.MAX_HELLO);
      return false;
    }
    String host = "h".repeat(random.nextInt(8) == 0 ? TrunkRecords.MAX_NAME : 4);
    TrunkRecords.writeHello(
        input, new TrunkRecords.Hello(host, random.nextLong(), 1 + random.nextInt(100)));
    written = 1;
    boolean sound = true;
    for (int i = random.nextInt(5); i > 0; i--) {
      sound &= writeRecord(random);
      written += sound ? 1 : 0;
    }
    return sound;
  }

  private boolean writeRecord(SplittableRandom random) {
    ChannelAddress channel =
        new ChannelAddress(random.nextLong(), random.nextInt(), random.nextInt());
    return switch (random.nextInt(20)) {
      case 0 -> writeWrongLength(random);
      case 1, 2, 3, 4, 5 -> writeMarker(random, channel);
      case 6, 7, 8, 9 -> writeEarly(random, channel);
      default -> writeTrain(random, channel);
    };
  }

  private boolean writeWrongLength(SplittableRandom random) {
    boolean shorter = random.nextBoolean();
    int declared = declared(random, shorter);
    input.writeInt(declared).writeZero(shorter ? declared : random.nextInt(40));
    return false;
  }

  private boolean writeMarker(SplittableRandom random, ChannelAddress channel) {
    Drops drops = new Drops();
    drops.add(DropCause.QUEUE_FULL, random.nextLong() >>> (1 + random.nextInt(63)));
    TrunkRecords.writeMarker(
        input, channel, new Marker(random.nextInt(), random.nextLong(), drops));
    return true;
  }

  private boolean writeEarly(SplittableRandom random, ChannelAddress channel) {
    int length = length(random);
    long remaining = remaining(random);
    ByteBuf framed = frame(length);
    boolean several = random.nextInt(32) == 0;
    if (several) {
      framed.writeBytes(frame(Framing.MIN_FRAME));
    }
    long number = number(random);
    TrunkRecords.writeEarly(input, channel, random.nextInt(), number, remaining, framed);
    return !several
        && isNumber(number, 1)
        && isTaken(length)
        && remaining > 0
        && remaining <= LONGEST_DELAY_NANOS;
  }

  private boolean writeTrain(SplittableRandom random, ChannelAddress channel) {
    ByteBuf train = Unpooled.buffer();
    int length = length(random);
    train.writeBytes(frame(length));
    boolean sound = isTaken(length);
    int frames = 1;
    // A long one takes all the room that a record has.
    for (int i = random.nextInt(3); i > 0 && length <= Framing.MIN_FRAME + 80; i--) {
      length = Framing.MIN_FRAME - (random.nextInt(32) == 0 ? 1 : 0) + random.nextInt(80);
      train.writeBytes(frame(length));
      sound &= isTaken(length);
      frames++;
    }
    long first = number(random);
    TrunkRecords.writeTrain(input, channel, random.nextInt(), first, train);
    return sound && isNumber(first, frames);
  }

  /** Mostly one that a frame may have. */
  private static long number(SplittableRandom random) {
    return switch (random.nextInt(120)) {
      case 0 -> 0;
      case 1 -> random.nextLong();
      case 2 -> Long.MAX_VALUE - random.nextInt(4);
      default -> 1 + (random.nextLong() >>> 2);
    };
  }

  private static boolean isNumber(long first, int frames) {
    return first >= 1 && first <= Long.MAX_VALUE - frames;
  }

  private static boolean isTaken(int length) {
    return length >= Framing.MIN_FRAME && length <= Framing.MAX_FRAME;
  }

  /** Of a frame: mostly one that it may have, and now and then one at a limit or beyond it. */
  private static int length(SplittableRandom random) {
    return switch (random.nextInt(120)) {
      case 0 -> 0;
      case 1 -> 1;
      case 2 -> Framing.MIN_FRAME - 1;
      case 3 -> Framing.MIN_FRAME;
      case 4 -> Framing.MAX_FRAME - 1;
      case 5 -> Framing.MAX_FRAME + 1;
      case 6, 7, 8 -> Framing.MAX_FRAME;
      default -> Framing.MIN_FRAME + random.nextInt(80);
    };
  }

  /** Of a record: beyond the limit, or shorter than any. */
  private static int declared(SplittableRandom random, boolean shorter) {
    if (shorter) {
      return random.nextInt(TrunkRecords.TRAIN_OVERHEAD - Framing.LENGTH_BYTES);
    }
    return switch (random.nextInt(4)) {
      case 0 -> TrunkRecords.MAX_RECORD + 1;
      case 1 -> Integer.MAX_VALUE;
      case 2 -> -1;
      default -> Integer.MIN_VALUE | random.nextInt();
    };
  }

  private static long remaining(SplittableRandom random) {
    return switch (random.nextInt(16)) {
      case 0 -> random.nextLong();
      case 1 -> 0;
      case 2 -> LONGEST_DELAY_NANOS + 1;
      case 3 -> LONGEST_DELAY_NANOS;
      default -> 1 + random.nextLong(LONGEST_DELAY_NANOS);
    };
  }

  private static ByteBuf frame(int length) {
    return Unpooled.buffer(Framing.LENGTH_BYTES + length).writeInt(length).writeZero(length);
  }

  private void damage(SplittableRandom random) {
    for (int i = 1 + random.nextInt(3); i > 0 && input.isReadable(); i--) {
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
      int size = 1 + random.nextInt(random.nextBoolean() ? 20 : input.readableBytes());
      nonsense = decoder.decode(input.readSlice(Math.min(size, input.readableBytes())));
      if (allocator.bytes() > MOST_MEMORY) {
        throw new AssertionError(allocator.bytes() + " bytes in use");
      }
    }
    decoder.close();
    return nonsense;
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 13, Framing.MAX_FRAME + 1})
  void shouldRefuseAFrameOfAWrongSize(int length) {
    TrunkRecords.writeHello(input, new TrunkRecords.Hello("host", 1, 1));
    TrunkRecords.writeTrain(input, new ChannelAddress(1, 2, 3), 4, 5, frame(length));
    assertThat(decode(new SplittableRandom(0))).startsWith("it sent a");
  }

  @ParameterizedTest
  @ValueSource(ints = {Framing.MIN_FRAME, Framing.MAX_FRAME})
  void shouldTakeTheShortestAndTheLongestFrame(int length) {
    TrunkRecords.writeHello(input, new TrunkRecords.Hello("host", 1, 1));
    TrunkRecords.writeTrain(input, new ChannelAddress(1, 2, 3), 4, 5, frame(length));
    assertThat(decode(new SplittableRandom(0))).isNull();
    assertThat(sink.frames).isEqualTo(1);
  }

  @Test
  void shouldNameTheVersionItDoesNotSpeak() {
    TrunkRecords.writeHello(input, new TrunkRecords.Hello("host", 1, 1));
    input.setByte(Framing.LENGTH_BYTES + Long.BYTES, 9);
    assertThat(decode(new SplittableRandom(0)))
        .isEqualTo("it speaks version 9 of the trunk's language, this host version 3");
  }
}
