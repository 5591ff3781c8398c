package io.vnsnap.store.life;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.store.life.GcPlan.Kind;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class GarbageCollectionTest {
  private static final int STEPS = 4000;

  private static long[] pages(long from, int count) {
    return LongStream.range(from, from + count).toArray();
  }

  /** A pack is mostly dead, one is dead, one is needed; some maps refer to a parent. */
  private static SmallStore typical() throws IOException {
    SmallStore small = new SmallStore();
    small.take("s1", Map.of("a", pages(1, 40), "b", pages(100, 20)));
    small.take("s2", Map.of("a", pages(3, 40), "b", pages(100, 20)));
    small.take("s3", Map.of("a", pages(200, 40)));
    small.take("s4", Map.of("a", join(pages(200, 3), pages(300, 30))));
    small.reopen();
    small.delete("s1");
    small.delete("s3");
    return small;
  }

  private static long[] join(long[] first, long[] second) {
    return LongStream.concat(LongStream.of(first), LongStream.of(second)).toArray();
  }

  @Example
  void shouldRemoveNothingThatIsNeeded() throws IOException {
    try (SmallStore small = new SmallStore()) {
      small.take("s1", Map.of("a", pages(1, 40)));
      small.take("s2", Map.of("a", pages(2, 40)));
      assertThat(small.plan().isEmpty()).isTrue();
      Map<String, Integer> before = small.place.sizes();
      GarbageCollection.Result result = small.collect();
      assertThat(result.removed()).isEmpty();
      assertThat(result.freedBytes()).isZero();
      assertThat(small.place.sizes()).isEqualTo(before);
    }
  }

  @Example
  void shouldGiveBackWhatOnlyDeletedSnapshotsNeeded() throws IOException {
    try (SmallStore small = typical()) {
      GcPlan plan = small.plan();
      assertThat(plan.removed(Kind.PACK)).isNotEmpty();
      assertThat(plan.repacked()).isNotEmpty();
      long before = small.place.bytes("");
      GarbageCollection.Result result = small.collect();
      long freed = before - small.place.bytes("");
      assertThat(freed).isPositive();
      assertThat(result.freedBytes()).isBetween(freed * 8 / 10, freed * 12 / 10);
      small.mustBeIntact();
      assertThat(small.scrub().findings()).isEmpty();
      assertThat(small.plan().isEmpty()).isTrue();
      assertThat(small.place.list("condemned/")).isEmpty();
      assertThat(small.place.list("leases/")).isEmpty();
      small.reopen();
      small.mustBeIntact();
    }
  }

  @Example
  void shouldGiveBackEverythingWhenNothingIsLeft() throws IOException {
    try (SmallStore small = typical()) {
      small.delete("s2");
      small.delete("s4");
      var unused = small.collect();
      assertThat(small.place.sizes()).containsOnlyKeys("vnsnap-store");
    }
  }

  @Example
  void shouldStoreAgainWhatItHasRemoved() throws IOException {
    try (SmallStore small = new SmallStore()) {
      small.take("s1", Map.of("a", pages(1, 40)));
      small.delete("s1");
      var unused = small.collect();
      small.take("s2", Map.of("a", pages(1, 40)));
      small.mustBeIntact();
      assertThat(small.scrub().findings()).isEmpty();
    }
  }

  @Example
  void shouldBuildOnImagesWhosePacksWereWrittenAnew() throws IOException {
    try (SmallStore small = new SmallStore()) {
      DiskRecord old = small.disk("s1", "a", Optional.empty(), pages(1, 30));
      small.take("s1", Map.of("a", join(pages(1, 3), pages(300, 30))), old);
      long[] blocks = join(pages(1, 3), pages(50, 30));
      DiskRecord disk = small.disk("s2", "a", Optional.empty(), blocks);
      small.take("s2", Map.of("a", join(pages(1, 3), pages(400, 30))), disk);
      small.delete("s1");
      assertThat(small.plan().repacked()).isNotEmpty();
      assertThat(small.collect().removed()).isNotEmpty();
      small.take("s3", Map.of("a", join(pages(1, 3), pages(400, 29))));
      DiskRecord changed = small.disk("s4", "a", Optional.of(disk), pages(90, 1));
      small.take("s4", Map.of("a", join(pages(1, 3), pages(400, 28))), changed);
      blocks[0] = 90;
      small.mustBe(changed, blocks);
      small.mustBeIntact();
      assertThat(small.scrub().findings()).isEmpty();
    }
  }

  @Example
  void shouldRefuseWhenAManifestCannotBeRead() throws IOException {
    try (SmallStore small = typical()) {
      small.place.flip("snapshots/s2/manifest", 200);
      Map<String, Integer> before = small.place.sizes();
      assertThatThrownBy(small::collect)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("nothing is removed")
          .hasMessageContaining("snapshots/s2/manifest")
          .hasMessageContaining("vnsnap delete");
      assertThatThrownBy(small::plan).hasMessageContaining("snapshots/s2/manifest");
      assertThat(small.place.sizes()).isEqualTo(before);
    }
  }

  @Example
  void shouldRefuseWhenAPageMapCannotBeRead() throws IOException {
    try (SmallStore small = typical()) {
      Manifest manifest = small.store().manifest("s2");
      small.place.flip(manifest.getImages(0).getObject(), 300);
      assertThatThrownBy(small::collect)
          .hasMessageContaining("nothing is removed")
          .hasMessageContaining(manifest.getImages(0).getObject())
          .hasMessageContaining("vnsnap scrub");
    }
  }

  @Example
  void shouldLetOnlyOneCollect() throws IOException {
    try (SmallStore small = typical()) {
      List<String> second = new ArrayList<>();
      small.place.script((operation, name) -> {
        if (operation.equals("commit") && name.startsWith("condemned/") && second.isEmpty()) {
          second.add("tried");
          assertThatThrownBy(small::collect)
              .isInstanceOf(IOException.class)
              .hasMessageContaining("another garbage collection runs in memory: process");
        }
      });
      var unused = small.collect();
      assertThat(second).isNotEmpty();
      small.mustBeIntact();
    }
  }

  @Example
  void shouldWaitForAWriterThatBeganBeforeAndKeepWhatItNeeds() throws IOException {
    try (SmallStore small = typical()) {
      ImageWriter writer = small.store().writeImage(ImageTarget.of("s5", "lab", "a"));
      Manifest.Builder manifest = Manifest.newBuilder().setSnapshotId("s5");
      long[] old = pages(200, 40);
      List<String> progress = new ArrayList<>();
      AtomicInteger looks = new AtomicInteger();
      small.place.script((operation, name) -> {
        if (operation.equals("list") && name.equals("leases/") && looks.incrementAndGet() == 8) {
          small.place.script(ScriptedPlace.Script.NONE);
          manifest.addImages(SmallStore.image(writer, "a", old));
          writer.close();
        }
      });
      GarbageCollection.Result result = small.collect(progress);
      small.place.script(ScriptedPlace.Script.NONE);
      assertThat(progress).anyMatch(line -> line.startsWith("waiting: a of snapshot s5 is being"));
      assertThat(result.acquitted()).isPositive();
      small.seal(manifest, Map.of("a", old));
      small.mustBeIntact();
      assertThat(small.scrub().findings()).isEmpty();
    }
  }

  @Example
  void shouldGiveUpAndSayWhoHoldsItUp() throws IOException {
    try (SmallStore small = typical();
        ImageWriter writer = small.store().writeImage(ImageTarget.of("s5", "lab", "a"))) {
      Set<String> before = small.place.sizes().keySet();
      small.place.script((operation, name) -> {
        if (operation.equals("list") && name.equals("leases/")) {
          small.place.put("leases/s5/a", java.nio.ByteBuffer.wrap(small.bytes("leases/s5/a")));
        }
      });
      assertThatThrownBy(small::collect)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("nothing was removed: a of snapshot s5 is being written by process")
          .hasMessageContaining("on host test");
      small.place.script(ScriptedPlace.Script.NONE);
      assertThat(writer.bytes()).isZero();
      assertThat(small.place.list("condemned/")).isEmpty();
      assertThat(small.place.sizes().keySet()).containsAll(before);
      small.mustBeIntact();
    }
  }

  @Example
  void shouldTakeNothingFromAWriterThatBeginsMeanwhile() throws IOException {
    try (SmallStore small = typical()) {
      List<String> begun = new ArrayList<>();
      small.place.script((operation, name) -> {
        if (operation.equals("delete") && name.startsWith("packs/") && begun.isEmpty()) {
          begun.add("s5");
          small.take("s5", Map.of("a", pages(200, 40), "b", pages(1, 40)));
        }
      });
      var unused = small.collect();
      small.place.script(ScriptedPlace.Script.NONE);
      assertThat(begun).isNotEmpty();
      small.mustBeIntact();
      assertThat(small.scrub().findings()).isEmpty();
    }
  }

  @Example
  void shouldKeepWhatIsCommittedAndNotSealedForAnHour() throws IOException {
    try (SmallStore small = new SmallStore()) {
      Manifest.Builder manifest = Manifest.newBuilder().setSnapshotId("s1");
      manifest.addImages(small.image("s1", "a", pages(1, 40)));
      assertThat(small.plan().isEmpty()).isTrue();
      small.place.pass(Duration.ofMinutes(50));
      assertThat(small.collect().removed()).isEmpty();
      small.seal(manifest, Map.of("a", pages(1, 40)));
      small.mustBeIntact();
      assertThat(small.image("s2", "a", pages(60, 40)).getVm()).isEqualTo("a");
      small.place.pass(Duration.ofMinutes(70));
      assertThat(small.collect().removed()).isNotEmpty();
      assertThat(small.place.list("leases/")).isEmpty();
      small.mustBeIntact();
    }
  }

  @Example
  void shouldLeaveEverySnapshotReadableWhereverItFailsAndFinishTheNextTime() throws IOException {
    int failed = 0;
    try (SmallStore typical = typical()) {
      boolean more = true;
      for (int step = 1; more; step++) {
        try (SmallStore small = typical.copy()) {
          more = failsAt(small, step);
          failed++;
          mustFinish(small);
        }
      }
    }
    assertThat(failed).isBetween(20, STEPS);
  }

  private static void mustFinish(SmallStore small) throws IOException {
    small.reopen();
    small.mustBeIntact();
    small.place.pass(Duration.ofMinutes(6));
    var unused = small.collect();
    small.mustBeIntact();
    assertThat(small.place.list("condemned/")).isEmpty();
    GcPlan left = small.plan();
    assertThat(left.repacked()).isEmpty();
    assertThat(left.removed(Kind.PACK)).isEmpty();
  }

  /** Stops everything at a step, as a crash does; false if it has come to its end before. */
  private static boolean failsAt(SmallStore small, int step) {
    AtomicInteger steps = new AtomicInteger();
    small.place.script((operation, name) -> {
      if (steps.incrementAndGet() >= step) {
        throw new IOException("crashed before %s of %s".formatted(operation, name));
      }
    });
    try {
      var unused = small.collect();
      return false;
    } catch (IOException e) {
      return true;
    } finally {
      small.place.script(ScriptedPlace.Script.NONE);
    }
  }

  @Property(tries = 60)
  void shouldKeepAllOfWhatIsLeftAndLittleElse(
      @ForAll @Size(min = 1, max = 7) List<@IntRange(min = 1, max = 90) Integer> firsts,
      @ForAll Set<@IntRange(max = 6) Integer> deleted,
      @ForAll boolean restarted)
      throws IOException {
    try (SmallStore small = new SmallStore()) {
      for (int i = 0; i < firsts.size(); i++) {
        long[] memory = pages(firsts.get(i), SmallStore.PAGES);
        memory[i] = 0;
        small.take("s" + i, Map.of("a", memory, "b", pages(firsts.get(i) / 2 + 1, 10)));
      }
      if (restarted) {
        small.reopen();
      }
      for (int i : deleted) {
        if (i < firsts.size()) {
          small.delete("s" + i);
        }
      }
      var unused = small.collect();
      small.mustBeIntact();
      assertThat(small.plan().isEmpty()).isTrue();
      assertThat(small.scrub().findings()).isEmpty();
      Set<Long> distinct = new HashSet<>();
      small
          .snapshots
          .values()
          .forEach(
              vms -> vms.values().forEach(seeds -> LongStream.of(seeds).forEach(distinct::add)));
      // A pack stays while half of it is needed, by the sealed ones or the parents of their maps.
      long mostPages = 2L * (distinct.size() + parents(small) + 2L * small.snapshots.size());
      assertThat(small.place.bytes("packs/")).isLessThanOrEqualTo(mostPages * 4200 + 2048);
    }
  }

  /** Pages that only ancestors of needed maps name. */
  private static long parents(SmallStore small) throws IOException {
    long maps = small.place.list("images/").size();
    long needed = small.snapshots.values().stream().mapToLong(Map::size).sum();
    return Math.max(0, maps - needed) * SmallStore.PAGES;
  }

  @Property(tries = 40)
  void shouldNeverLoseAPageOfAWriterThatRunsBeside(
      @ForAll @IntRange(min = 1, max = 260) int begin,
      @ForAll @IntRange(min = 1, max = 260) int length)
      throws IOException {
    try (SmallStore small = typical()) {
      Writer writer = new Writer(small);
      Thread collector = Thread.currentThread();
      AtomicInteger steps = new AtomicInteger();
      small.place.script((operation, name) -> {
        if (Thread.currentThread() == collector && !writer.inside) {
          int step = steps.incrementAndGet();
          if (step == begin) {
            writer.begin();
          } else if (step == begin + length) {
            writer.commit();
          }
        }
      });
      var unused =
          small.collect(
              new ArrayList<>(),
              pause -> {
                try {
                  writer.commit();
                } catch (IOException e) {
                  throw new IllegalStateException(e);
                }
              });
      small.place.script(ScriptedPlace.Script.NONE);
      writer.commit();
      small.mustBeIntact();
      assertThat(small.scrub().findings()).isEmpty();
    }
  }

  /** Writes a snapshot of pages that are about to be removed, while the collection stands still. */
  private static final class Writer {
    private final SmallStore small;
    private final long[] memory = pages(200, 40);
    private final Manifest.Builder manifest = Manifest.newBuilder().setSnapshotId("s9");
    private Optional<ImageWriter> writer = Optional.empty();
    private volatile boolean inside;

    Writer(SmallStore small) {
      this.small = small;
    }

    void begin() throws IOException {
      inside = true;
      writer = Optional.of(small.store().writeImage(ImageTarget.of("s9", "lab", "a")));
      inside = false;
    }

    void commit() throws IOException {
      if (writer.isPresent()) {
        inside = true;
        manifest.addImages(SmallStore.image(writer.get(), "a", memory));
        writer.get().close();
        writer = Optional.empty();
        small.seal(manifest, Map.of("a", memory));
        inside = false;
      }
    }
  }
}
