package io.vnsnap.vm.qemu.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.vnsnap.vm.qemu.stream.RecordedStream.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Nothing that comes on the stream does more than be refused. */
class StreamFuzzTest {
  private static final int INPUTS_PER_TRY = 1000;

  /** What the parser, a sink and a message take. */
  private static final long MOST_ALLOCATED = 1 << 20;

  /** Takes anything that the contract allows, in the order it allows. */
  private static final class Strict extends NoSink {
    private final long[] pages = new long[Layout.MAX_BLOCKS];
    private int blocks;
    private boolean paged;
    private boolean outlined;

    @Override
    public void block(String name, long bytes) {
      must(!paged && !outlined && !name.isEmpty() && bytes > 0 && bytes % 4096 == 0);
      pages[blocks] = bytes / 4096;
      blocks++;
    }

    @Override
    public void page(int block, long page, ByteBuffer content) {
      must(content.remaining() == 4096);
      zeroPage(block, page);
    }

    @Override
    public void zeroPage(int block, long page) {
      must(!outlined && block >= 0 && block < blocks && page >= 0 && page < pages[block]);
      paged = true;
    }

    @Override
    public void outline(StreamOutline outline) {
      must(!outlined);
      outlined = true;
    }

    @Override
    public void rest(ByteBuffer bytes) {
      must(outlined && bytes.hasRemaining());
    }

    private static void must(boolean holds) {
      if (!holds) {
        throw new AssertionError("the parser breaks its contract");
      }
    }
  }

  private int refused;
  private int taken;

  @Property(tries = 1000)
  void shouldRefuseOrTakeAnythingWithinBounds(@ForAll long seed, @ForAll Kind kind) {
    Random random = new Random(seed);
    RecordedStream recorded = RecordedStream.of(kind, random.nextInt(50));
    byte[] good = recorded.bytes();
    for (int i = 0; i < INPUTS_PER_TRY; i++) {
      byte[] input = mutated(good, recorded, random);
      long before = Allocated.byThisThread();
      boolean accepted = accepts(input, random);
      assertThat(Allocated.byThisThread() - before).isLessThan(MOST_ALLOCATED);
      if (accepted) {
        taken++;
      } else {
        refused++;
      }
    }
    assertThat(refused).isPositive();
    assertThat(taken).isPositive();
  }

  private static byte[] mutated(byte[] good, RecordedStream recorded, Random random) {
    int what = random.nextInt(8);
    if (what == 0) {
      return Arrays.copyOf(good, random.nextInt(good.length));
    }
    if (what == 1) {
      byte[] noise = new byte[random.nextInt(300)];
      random.nextBytes(noise);
      return noise;
    }
    byte[] input = good.clone();
    if (what == 2) {
      int from = at(recorded, random);
      int to = at(recorded, random);
      System.arraycopy(good, from, input, to, Math.min(input.length - Math.max(from, to), 40));
      return input;
    }
    int changes = 1 + random.nextInt(3);
    for (int i = 0; i < changes; i++) {
      int at = at(recorded, random);
      input[at] =
          (byte) (random.nextBoolean() ? random.nextInt() : input[at] ^ 1 << random.nextInt(8));
    }
    return input;
  }

  private static int at(RecordedStream recorded, Random random) {
    return recorded.structure.get(random.nextInt(recorded.structure.size()));
  }

  private static boolean accepts(byte[] input, Random random) {
    StreamParser parser = new StreamParser(new Strict());
    int largest = random.nextBoolean() ? 64 : 1 << 20;
    try {
      for (int at = 0; at < input.length; ) {
        int n = Math.min(input.length - at, 1 + random.nextInt(largest));
        parser.feed(ByteBuffer.wrap(input, at, n));
        at += n;
      }
      parser.finish();
      return true;
    } catch (StreamException e) {
      assertThat(e.offset()).isBetween(0L, (long) input.length);
      return false;
    } catch (IOException e) {
      throw new AssertionError("only the layout can be wrong", e);
    }
  }
}
