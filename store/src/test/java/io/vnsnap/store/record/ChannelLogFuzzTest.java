package io.vnsnap.store.record;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.vnsnap.proto.RecordedFrame;
import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.pages.Allocation;
import io.vnsnap.store.pages.MemoryPlace;
import io.vnsnap.store.place.Place;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.BeforeContainer;

/** What a channel log with right checksums may hold: frames, or anything. */
class ChannelLogFuzzTest {
  private static final int INPUTS_PER_TRY = 1000;
  private static final int MOST_FRAMES = 8;
  private static final String NAME = "snapshots/s1/channels/1.log";
  private static final Place PLACE = new MemoryPlace();

  /** What a refusal takes, and what a frame of few bytes may take for each of them. */
  private static final int REFUSAL_BYTES = 32 << 10;

  private static final int MEMORY_PER_BYTE = 64;

  /** Bytes in memory, which may be asked for no more than is left, and not for ever. */
  private static final class Bytes implements ChannelLogs.Content {
    private final ByteBuffer bytes;
    private int calls;

    Bytes(byte[] bytes) {
      this.bytes = ByteBuffer.wrap(bytes);
    }

    @Override
    public long left() {
      calls++;
      must(calls <= 8 + bytes.limit());
      return bytes.remaining();
    }

    @Override
    public int readInt() {
      must(bytes.remaining() >= Integer.BYTES);
      return bytes.getInt();
    }

    @Override
    public byte[] read(int length) {
      must(length >= 1 && length <= bytes.remaining());
      byte[] read = new byte[length];
      bytes.get(read);
      return read;
    }

    @Override
    public IOException damaged(String what) {
      return Damage.of(PLACE, "channel log", NAME, what);
    }

    private static void must(boolean holds) {
      if (!holds) {
        throw new AssertionError("the decoder asks for what there is not");
      }
    }
  }

  private int taken;
  private int refused;

  @Property(tries = 1000, shrinking = ShrinkingMode.OFF)
  void shouldReadOrRefuseAnyContent(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    taken = 0;
    refused = 0;
    for (int i = 0; i < INPUTS_PER_TRY; i++) {
      readOrRefuse(random, REFUSAL_BYTES);
    }
    // Both were met often, or this test is of no worth.
    assertThat(taken).isGreaterThan(INPUTS_PER_TRY / 10);
    assertThat(refused).isGreaterThan(INPUTS_PER_TRY / 10);
  }

  /** The classes of decoder and refusals come into memory before that is measured. */
  @BeforeContainer
  static void loadClasses() throws IOException {
    Random random = new Random(1);
    for (int i = 0; i < INPUTS_PER_TRY; i++) {
      new ChannelLogFuzzTest().readOrRefuse(random, 16 << 20);
    }
  }

  private void readOrRefuse(Random random, long mostBytes) throws IOException {
    List<RecordedFrame> frames = frames(random);
    byte[] log = encoded(frames);
    byte[] input = changed(random, log);
    Allocation.mustRefuseOrRead(
        NAME, mostBytes + (long) MEMORY_PER_BYTE * input.length, () -> read(input));
    if (Arrays.equals(input, log)) {
      assertThat(ChannelLogs.frames(new Bytes(log), frames.size())).isEqualTo(frames);
    }
  }

  private void read(byte[] input) throws IOException {
    Bytes content = new Bytes(input);
    try {
      List<RecordedFrame> frames = ChannelLogs.frames(content, MOST_FRAMES);
      assertThat(content.bytes.remaining()).isZero();
      assertThat(frames).hasSize(lengths(input)).hasSizeLessThanOrEqualTo(MOST_FRAMES);
      taken++;
    } catch (DamagedSnapshotException e) {
      refused++;
      throw e;
    }
  }

  /** How many records there are by their lengths, if these are right. */
  private static int lengths(byte[] input) {
    ByteBuffer left = ByteBuffer.wrap(input);
    int count = 0;
    while (left.hasRemaining()) {
      int length = left.getInt();
      left.position(left.position() + length);
      count++;
    }
    return count;
  }

  private static List<RecordedFrame> frames(Random random) {
    List<RecordedFrame> frames = new ArrayList<>();
    for (int i = random.nextInt(MOST_FRAMES + (random.nextInt(10) == 0 ? 4 : 1)); i > 0; i--) {
      byte[] frame = new byte[random.nextInt(random.nextInt(50) == 0 ? 9000 : 100)];
      random.nextBytes(frame);
      frames.add(
          RecordedFrame.newBuilder()
              .setFrom(1 + random.nextInt(1000))
              .setSequence(random.nextLong() >>> random.nextInt(64))
              .setOffsetUs(random.nextInt(1_000_000))
              .setFrame(ByteString.copyFrom(frame))
              .build());
    }
    return frames;
  }

  private static byte[] encoded(List<RecordedFrame> frames) {
    int bytes = frames.stream().mapToInt(frame -> Integer.BYTES + frame.getSerializedSize()).sum();
    ByteBuffer log = ByteBuffer.allocate(bytes);
    for (RecordedFrame frame : frames) {
      log.putInt(frame.getSerializedSize()).put(frame.toByteArray());
    }
    return log.array();
  }

  /**
   * As it is, random bytes, cut short, longer, a wrong length, a part put elsewhere, or changed.
   */
  private static byte[] changed(Random random, byte[] log) {
    int what = random.nextInt(8);
    if (what == 0) {
      return log;
    }
    if (what == 1 || log.length == 0) {
      byte[] noise = new byte[random.nextInt(300)];
      random.nextBytes(noise);
      return noise;
    }
    if (what == 2) {
      return Arrays.copyOf(log, random.nextInt(log.length));
    }
    if (what == 3) {
      return Arrays.copyOf(log, log.length + 1 + random.nextInt(8));
    }
    byte[] changed = log.clone();
    if (what == 4) {
      int at = lengthAt(random, log);
      ByteBuffer.wrap(changed).putInt(at, wrongLength(random, log.length - at - Integer.BYTES));
    } else if (what == 5) {
      int length = 1 + random.nextInt(Math.min(log.length, 64));
      int from = random.nextInt(log.length - length + 1);
      int to = random.nextInt(log.length - length + 1);
      System.arraycopy(log, from, changed, to, length);
    } else {
      for (int i = random.nextInt(3); i >= 0; i--) {
        // Tags and lengths are at the start of a record.
        int at = Math.min(lengthAt(random, log) + random.nextInt(24), log.length - 1);
        changed[at] =
            (byte) (random.nextBoolean() ? random.nextInt() : log[at] ^ 1 << random.nextInt(8));
      }
    }
    return changed;
  }

  /** Where the length of one of the first records is. */
  private static int lengthAt(Random random, byte[] log) {
    ByteBuffer left = ByteBuffer.wrap(log);
    int at = 0;
    for (int i = random.nextInt(4); i > 0 && left.hasRemaining(); i--) {
      at = left.position();
      int length = left.getInt();
      left.position(left.position() + length);
    }
    return at;
  }

  private static int wrongLength(Random random, int left) {
    int[] edges = {
      0,
      1,
      -1,
      left,
      left + 1,
      ChannelLogs.MAX_RECORD_BYTES,
      ChannelLogs.MAX_RECORD_BYTES + 1,
      Integer.MAX_VALUE,
      Integer.MIN_VALUE
    };
    return random.nextBoolean() ? edges[random.nextInt(edges.length)] : random.nextInt();
  }
}
