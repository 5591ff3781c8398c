package io.vnsnap.store.index;

import io.vnsnap.store.pack.PackNames;
import io.vnsnap.store.pages.Allocation;
import io.vnsnap.store.pages.MemoryPlace;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/** Index runs that claim anything, with checksums that are right. */
class IndexFuzzTest {
  private static final long RUN = 0xab;
  private static final String NAME = "index/00000000000000ab";
  private static final int MOST_BYTES = 4 << 20;

  private final MemoryPlace place = new MemoryPlace();

  @Property(tries = 200_000, shrinking = ShrinkingMode.OFF)
  void shouldReadOrRefuseAnyRun(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    place.setContent(NAME, run(random));
    long memory = random.nextBoolean() ? 0 : 1 << 20;
    Allocation.mustRefuseOrRead(NAME, MOST_BYTES, () -> readAll(random, memory));
  }

  private void readAll(Random random, long memory) throws IOException {
    try (IndexRun run = IndexRun.open(place, RUN, 1, new PackNames(), new AtomicLong(memory))) {
      long[] id = {random.nextLong(), random.nextLong(), 0, 0};
      for (int i = 0; i < 4; i++) {
        long unused = run.find(id, ordinal -> true, random.nextBoolean());
        id[0] = i;
      }
      IndexRun.Cursor cursor = run.new Cursor();
      while (cursor.next()) {
        int unused = cursor.pack();
      }
    }
  }

  private static byte[] run(Random random) {
    int entries = 1 + random.nextInt(210);
    int packs = 1 + random.nextInt(3);
    var sizes = RunLayout.Header.of(1, entries, packs, 0);
    ByteBuffer out = ByteBuffer.allocate((int) (sizes.blocksOffset() + sizes.blocksBytes()));
    byte[] body = new byte[out.capacity()];
    if (random.nextBoolean()) {
      random.nextBytes(body);
    }
    out.put(body).clear();
    for (int block = 0; block < sizes.blocks(); block++) {
      ByteBuffer bytes =
          out.slice(
              (int) sizes.blocksOffset() + block * RunLayout.BLOCK_BYTES, RunLayout.BLOCK_BYTES);
      int here = Math.min(RunLayout.BLOCK_ENTRIES, entries - block * RunLayout.BLOCK_ENTRIES);
      bytes.putShort(0, (short) (random.nextInt(20) == 0 ? random.nextInt() : here));
      bytes.putInt(RunLayout.BLOCK_BYTES - Integer.BYTES, RunLayout.blockCrc(RUN, block, bytes));
    }
    int tables =
        RunLayout.crc(
            RUN,
            out.slice(RunLayout.HEADER_BYTES, (int) sizes.blocksOffset() - RunLayout.HEADER_BYTES));
    var header =
        new RunLayout.Header(
            random.nextInt(30) == 0 ? random.nextInt(4) : 1,
            random.nextInt(30) == 0 ? random.nextInt() : sizes.blocks(),
            random.nextInt(30) == 0 ? random.nextLong() >>> random.nextInt(64) : entries,
            random.nextInt(30) == 0 ? random.nextInt() : packs,
            random.nextInt(30) == 0 ? random.nextInt() : sizes.filterBlocks(),
            tables);
    out.put(0, header.encode(RUN).array());
    byte[] run = out.array();
    if (random.nextInt(5) == 0) {
      run[random.nextInt(run.length)] ^= (byte) (1 << random.nextInt(8));
    }
    return run;
  }
}
