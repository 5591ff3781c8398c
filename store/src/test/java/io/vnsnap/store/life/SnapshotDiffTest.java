package io.vnsnap.store.life;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vnsnap.proto.DiskRecord;
import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.life.SnapshotDiff.Changes;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import net.jqwik.api.Example;

class SnapshotDiffTest {

  private static long[] pages(long from, int count) {
    return LongStream.range(from, from + count).toArray();
  }

  private static SnapshotDiff diff(SmallStore small, String from, String to) throws IOException {
    try (StoreAccess access = small.access()) {
      return SnapshotDiff.of(access, small.store().manifest(from), small.store().manifest(to));
    }
  }

  @Example
  void shouldCountPagesThatDiffer() throws IOException {
    try (SmallStore small = new SmallStore()) {
      long[] memory = pages(1, 40);
      small.take("s1", Map.of("a", memory.clone(), "b", pages(1, 5)));
      memory[3] = 99;
      memory[7] = 0;
      small.take("s2", Map.of("a", memory.clone(), "c", pages(1, 5)));
      SnapshotDiff diff = diff(small, "s1", "s2");
      assertThat(diff.vms()).extracting(SnapshotDiff.OfVm::vm).containsExactly("a");
      assertThat(diff.vms().get(0).memory())
          .containsExactly(
              new Changes("ram", 4096, 40, 2, 1, 0), new Changes("devices", 4096, 1, 0, 0, 0));
      assertThat(diff.vms().get(0).changedPages()).isEqualTo(2);
      assertThat(diff.onlyFrom()).containsExactly("b");
      assertThat(diff.onlyTo()).containsExactly("c");
      assertThat(diff(small, "s2", "s2").vms().get(0).changedPages()).isZero();
    }
  }

  @Example
  void shouldCompareBlocksThatOnlyOneHasOrThatGrew() throws IOException {
    try (SmallStore small = new SmallStore()) {
      small.take("s1", Map.of("a", pages(1, 10)));
      small.take("s2", Map.of("a", pages(1, 14)));
      assertThat(diff(small, "s1", "s2").vms().get(0).memory().get(0))
          .isEqualTo(new Changes("ram", 4096, 14, 4, 0, 0));
      assertThat(diff(small, "s2", "s1").vms().get(0).memory().get(0))
          .isEqualTo(new Changes("ram", 4096, 14, 4, 4, 0));
    }
  }

  @Example
  void shouldCompareDisks() throws IOException {
    try (SmallStore small = new SmallStore()) {
      DiskRecord disk = small.disk("s1", "a", Optional.empty(), pages(1, 6));
      small.take("s1", Map.of("a", pages(1, 4)), disk);
      DiskRecord later = small.disk("s2", "a", Optional.of(disk), pages(20, 2));
      small.take("s2", Map.of("a", pages(1, 4)), later);
      small.take("s3", Map.of("a", pages(1, 4)));
      assertThat(diff(small, "s1", "s2").vms().get(0).disks())
          .containsExactly(new Changes("root", 65_536, 40, 2, 0, 0));
      List<Changes> gone = diff(small, "s1", "s3").vms().get(0).disks();
      assertThat(gone).containsExactly(new Changes("root", 65_536, 40, 6, 6, 1));
    }
  }

  @Example
  void shouldReadNoPage() throws IOException {
    try (SmallStore small = new SmallStore()) {
      small.take("s1", Map.of("a", pages(1, 10)));
      small.take("s2", Map.of("a", pages(2, 10)));
      small.place.script((operation, name) -> {
        if (name.startsWith("packs/")) {
          throw new IOException("no pack is read");
        }
      });
      assertThat(diff(small, "s1", "s2").vms().get(0).changedPages()).isEqualTo(10);
    }
  }

  @Example
  void shouldSayWhichMapIsDamaged() throws IOException {
    try (SmallStore small = new SmallStore()) {
      small.take("s1", Map.of("a", pages(1, 10)));
      String map = small.store().manifest("s1").getImages(0).getObject();
      small.place.flip(map, 200);
      assertThatThrownBy(() -> diff(small, "s1", "s1"))
          .isInstanceOf(DamagedSnapshotException.class)
          .hasMessageContaining(map);
    }
  }
}
