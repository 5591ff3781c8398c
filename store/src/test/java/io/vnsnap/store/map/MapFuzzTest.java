package io.vnsnap.store.map;

import static org.assertj.core.api.Assertions.assertThat;

import io.vnsnap.store.pack.PackNames;
import io.vnsnap.store.pages.Allocation;
import io.vnsnap.store.pages.MemoryPlace;
import io.vnsnap.store.record.ObjectNames;
import io.vnsnap.store.record.RecordKind;
import io.vnsnap.store.record.RecordWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/** Page maps that claim anything, in objects that are whole. */
class MapFuzzTest {
  private static final long PARENT = 0xaa;
  private static final long MAP = 0xab;

  /** The most pages that there may be need a table of 4 MiB. */
  private static final int MOST_BYTES = 16 << 20;

  private final MemoryPlace place = new MemoryPlace();
  private final Slabs slabs = new Slabs(32L << 20);

  MapFuzzTest() throws IOException {
    Random random = new Random(1);
    put(PARENT, map(random, 0, 0, 12, false));
  }

  @Property(tries = 300_000, shrinking = ShrinkingMode.OFF)
  void shouldReadOrRefuseAnyMap(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    boolean child = random.nextBoolean();
    int shift = random.nextInt(30) == 0 ? random.nextInt(256) : 12;
    put(MAP, map(random, child ? 1 : 0, child ? PARENT : 0, shift, true));
    Allocation.mustRefuseOrRead("images/", MOST_BYTES, this::read);
    assertThat(slabs.bytesInUse()).isZero();
  }

  private void read() throws IOException {
    try (PageMap map = MapReader.read(place, MAP, slabs, new PackNames())) {
      assertThat(map.table().bytes()).isNotNegative();
    }
    MapReader.Header header = MapReader.header(place, MAP, slabs, new PackNames());
    assertThat(header.name()).isEqualTo(MAP);
  }

  private void put(long name, ByteBuffer content) throws IOException {
    RecordWriter.put(place, RecordKind.PAGE_MAP, ObjectNames.image(name), 4096, 1, content);
  }

  private static ByteBuffer map(Random random, int depth, long parent, int shift, boolean wrong) {
    ByteBuffer out = ByteBuffer.allocate(8192);
    out.put((byte) shift).put((byte) odd(random, wrong, depth)).putShort((short) 0);
    out.put(new byte[32]).putLong(parent);
    int blocks = random.nextInt(3);
    out.putLong(odd(random, wrong, 5000)).putInt((int) odd(random, wrong, blocks));
    for (int block = 0; block < blocks; block++) {
      out.putLong(odd(random, wrong, 10 * 4096)).put((byte) odd(random, wrong, 1));
      out.put((byte) ('a' + (random.nextInt(20) == 0 ? 0 : block)));
    }
    out.putInt((int) odd(random, wrong, 1)).putLong(7);
    for (int block = 0; block < blocks; block++) {
      runs(out, random, wrong, 10, parent != 0);
    }
    runs(out, random, wrong, 2, parent != 0);
    if (wrong && random.nextInt(20) == 0) {
      out.put((byte) 1);
    }
    return out.flip();
  }

  private static void runs(ByteBuffer out, Random random, boolean wrong, int pages, boolean child) {
    int left = pages;
    while (left > 0) {
      int count = 1 + random.nextInt(left);
      int kind = random.nextInt(child ? 3 : 2);
      long word = odd(random, wrong, (long) count << 2 | kind);
      while (word >>> 7 != 0) {
        out.put((byte) ((word & 0x7f) | 0x80));
        word >>>= 7;
      }
      out.put((byte) word);
      for (int i = 0; kind == 1 && i < count; i++) {
        for (int part = 0; part < 4; part++) {
          out.putLong(random.nextInt(40) == 0 ? 0 : random.nextLong());
        }
        out.putInt((int) odd(random, wrong, 0)).putInt(random.nextInt());
      }
      left -= count;
    }
  }

  private static long odd(Random random, boolean wrong, long right) {
    if (!wrong || random.nextInt(25) > 0) {
      return right;
    }
    return switch (random.nextInt(4)) {
      case 0 -> random.nextLong();
      case 1 -> -1;
      case 2 -> random.nextLong() >>> random.nextInt(64);
      default -> right + 1;
    };
  }
}
