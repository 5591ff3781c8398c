package io.vnsnap.store.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.pack.PackNames;
import io.vnsnap.store.pack.PageIds;
import io.vnsnap.store.pack.PagePlace;
import io.vnsnap.store.pages.MemoryPlace;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Index runs as they are written, read, merged and damaged. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class IndexTest {
  private static final PackFilter ALL = ordinal -> true;

  private final MemoryPlace place = new MemoryPlace();
  private final PackNames names = new PackNames();
  private final Random random = new Random(1);

  private long[][] ids(int count) {
    long[][] ids = new long[count][PageIds.LONGS];
    for (long[] id : ids) {
      for (int i = 0; i < PageIds.LONGS; i++) {
        id[i] = random.nextLong();
      }
    }
    return ids;
  }

  /** Writes a run for one pack; page i is in group i / 100, slot i % 100. */
  private void write(long run, long pack, long[][] ids) throws IOException {
    RunEntries entries = new RunEntries(1);
    for (int i = 0; i < ids.length; i++) {
      long[] id = ids[i];
      entries.add(id[0], id[1], id[2], id[3], (long) (i / 100) << 8 | i % 100);
    }
    int[] order = entries.sorted();
    RunWriter.write(
        place,
        run,
        1,
        new long[] {pack},
        ids.length,
        consumer -> {
          for (int entry : order) {
            consumer.accept(
                entries.get(entry, 0),
                entries.get(entry, 1),
                entries.get(entry, 2),
                entries.get(entry, 3),
                entries.get(entry, 4));
          }
        });
  }

  private Index open(long memory) throws IOException {
    Index index = new Index(place, names, 1, random::nextLong, memory);
    index.refresh();
    return index;
  }

  private void mustFindAll(Index index, long pack, long[][] ids) throws IOException {
    for (int i = 0; i < ids.length; i++) {
      long found = index.find(ids[i], ALL, i % 2 == 0);
      assertThat(names.name(PagePlace.pack(found))).isEqualTo(pack);
      assertThat(PagePlace.group(found)).isEqualTo(i / 100);
      assertThat(PagePlace.slot(found)).isEqualTo(i % 100);
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 0", "101, 1000000", "102, 0", "103, 1000", "10000, 1000000", "10000, 0"})
  void shouldFindWhatItHasAndNothingElse(int count, long memory) throws IOException {
    long[][] ids = ids(count);
    write(1, 77, ids);
    try (Index index = open(memory)) {
      mustFindAll(index, 77, ids);
      for (long[] id : ids(2000)) {
        assertThat(index.find(id, ALL, false)).isEqualTo(PagePlace.NONE);
        assertThat(index.find(id, ALL, true)).isEqualTo(PagePlace.NONE);
      }
      assertThat(index.find(ids[0], ordinal -> false, true)).isEqualTo(PagePlace.NONE);
    }
  }

  @Test
  void shouldFindIdsThatHardlyDiffer() throws IOException {
    long[][] ids = ids(1000);
    for (int i = 0; i < ids.length; i++) {
      ids[i][0] = i % 3;
      ids[i][1] = 5;
      ids[i][2] = i % 7;
    }
    write(1, 77, ids);
    try (Index index = open(0)) {
      mustFindAll(index, 77, ids);
    }
  }

  @Test
  void shouldMergeRunsAndKeepThemFew() throws IOException {
    int runs = 70;
    long[][][] ids = new long[runs][][];
    try (Index index = open(1 << 20)) {
      for (int run = 0; run < runs; run++) {
        ids[run] = ids(50 + run);
        write(run, 1000 + run, ids[run]);
        index.refresh();
        index.merge();
      }
      assertThat(index.runs()).isLessThan(16);
      assertThat(place.names()).hasSize(index.runs());
      for (int run = 0; run < runs; run++) {
        mustFindAll(index, 1000 + run, ids[run]);
      }
    }
    try (Index index = open(0)) {
      mustFindAll(index, 1007, ids[7]);
    }
  }

  @Test
  void shouldKeepAPageOfTwoPacksTwice() throws IOException {
    long[][] ids = ids(150);
    for (int run = 0; run < 8; run++) {
      write(run, 1000 + run % 2, ids);
    }
    try (Index index = open(1 << 20)) {
      index.merge();
      assertThat(index.runs()).isEqualTo(1);
      for (long[] id : ids) {
        for (long pack = 1000; pack < 1002; pack++) {
          int wanted = names.ordinal(pack);
          long found = index.find(id, ordinal -> ordinal == wanted, false);
          assertThat(PagePlace.pack(found)).isEqualTo(wanted);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 150})
  void shouldNameDamageAnywhere(int count) throws IOException {
    long[][] ids = ids(count);
    write(1, 77, ids);
    String name = "index/0000000000000001";
    byte[] intact = place.content(name);
    for (int offset = 0; offset < intact.length; offset++) {
      byte[] flipped = intact.clone();
      flipped[offset] ^= 4;
      byte[] shorter = Arrays.copyOf(intact, offset);
      for (byte[] damaged : new byte[][] {flipped, shorter}) {
        place.setContent(name, damaged);
        for (long memory : new long[] {0, 1 << 20}) {
          assertThatThrownBy(() -> readAll(memory))
              .as("offset %d", offset)
              .isInstanceOf(DamagedSnapshotException.class)
              .hasMessageContaining(name);
        }
      }
    }
    try (Index index = open(1 << 20)) {
      assertThat(index.runs()).isZero();
    }
  }

  private void readAll(long memory) throws IOException {
    try (IndexRun run = IndexRun.open(place, 1, 1, names, new AtomicLong(memory))) {
      IndexRun.Cursor cursor = run.new Cursor();
      while (cursor.next()) {
        assertThat(cursor.pack()).isZero();
      }
    }
  }

  @Test
  void shouldSortAsUnsignedBytes() {
    long[][] ids = ids(5000);
    RunEntries entries = new RunEntries(10);
    for (long[] id : ids) {
      entries.add(id[0], id[1], id[2], id[3], 0);
    }
    Comparator<long[]> unsigned = Arrays::compareUnsigned;
    Arrays.sort(ids, unsigned);
    int[] order = entries.sorted();
    for (int i = 0; i < ids.length; i++) {
      assertThat(entries.get(order[i], 0)).isEqualTo(ids[i][0]);
      assertThat(entries.get(order[i], 3)).isEqualTo(ids[i][3]);
    }
  }
}
