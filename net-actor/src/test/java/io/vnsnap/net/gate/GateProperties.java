package io.vnsnap.net.gate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whatever happens in whatever order: every frame exactly once, live and restored. */
class GateProperties {
  private static final int SEEDS_PER_BUG = 100;

  private long recordedFrames;

  @Property(tries = 300)
  void shouldGiveEveryFrameExactlyOnceLiveAndRestored(
      @ForAll("actions") List<Integer> actions, @ForAll @IntRange(min = 2, max = 5) int vms) {
    CutWorld world = new CutWorld(vms, CutWorld.Bug.NONE);
    actions.forEach(world::act);
    world.settle();
    world.check();
    world.freeLogs();
  }

  @Property(tries = 150)
  void shouldRestoreAndCutAgainWhileRecordedFramesAreReplayed(
      @ForAll("actions") List<Integer> before,
      @ForAll("actions") List<Integer> after,
      @ForAll @IntRange(min = 2, max = 4) int vms) {
    CutWorld world = new CutWorld(vms, CutWorld.Bug.NONE);
    checkWithRestores(world, before, after);
  }

  @Property(tries = 300)
  void shouldAccountForEveryFrameThatIsLost(
      @ForAll("actions") List<Integer> actions, @ForAll @IntRange(min = 2, max = 5) int vms) {
    CutWorld world = new CutWorld(vms, CutWorld.Network.LOSSY);
    actions.forEach(world::act);
    world.settle();
    world.check();
    world.freeLogs();
  }

  @Property(tries = 300)
  void shouldGiveEveryFrameExactlyOnceOverLinksThatDelay(
      @ForAll("actions") List<Integer> before,
      @ForAll("actions") List<Integer> after,
      @ForAll @IntRange(min = 2, max = 5) int vms) {
    checkWithRestores(new CutWorld(vms, CutWorld.Network.DELAYED), before, after);
  }

  @Property(tries = 300)
  void shouldAccountForEveryFrameOverLinksThatLoseAndReorder(
      @ForAll("actions") List<Integer> before,
      @ForAll("actions") List<Integer> after,
      @ForAll @IntRange(min = 2, max = 5) int vms) {
    checkWithRestores(new CutWorld(vms, CutWorld.Network.SHAPED), before, after);
  }

  private static void checkWithRestores(CutWorld world, List<Integer> before, List<Integer> after) {
    before.forEach(world::act);
    world.settle();
    world.check();
    for (int sealed : world.sealed()) {
      CutWorld restored = world.restore(sealed);
      after.forEach(restored::act);
      restored.settle();
      restored.check();
      restored.freeLogs();
    }
    world.freeLogs();
  }

  @Provide
  Arbitrary<List<Integer>> actions() {
    return Arbitraries.integers().between(0, 1 << 24).list().ofMinSize(50).ofMaxSize(600);
  }

  @ParameterizedTest
  @EnumSource(value = CutWorld.Bug.class, names = "NONE", mode = EnumSource.Mode.EXCLUDE)
  @Timeout(60)
  void shouldCatchMistakesMadeOnPurpose(CutWorld.Bug bug) {
    int caught = 0;
    for (int seed = 0; seed < SEEDS_PER_BUG; seed++) {
      caught += fails(bug, seed) ? 1 : 0;
    }
    assertThat(caught).as("runs of %d that caught %s", SEEDS_PER_BUG, bug).isGreaterThan(5);
  }

  @ParameterizedTest
  @EnumSource(value = CutWorld.Bug.class, names = "NONE")
  @Timeout(60)
  void shouldCatchNothingWhereNothingIsWrong(CutWorld.Bug none) {
    int snapshots = 0;
    recordedFrames = 0;
    for (int seed = 0; seed < SEEDS_PER_BUG; seed++) {
      snapshots += run(none, seed);
    }
    assertThat(snapshots).as("snapshots sealed in all runs").isGreaterThan(SEEDS_PER_BUG);
    assertThat(recordedFrames).as("frames recorded in all runs").isGreaterThan(SEEDS_PER_BUG);
  }

  private boolean fails(CutWorld.Bug bug, int seed) {
    try {
      run(bug, seed);
      return false;
    } catch (AssertionError | Refusal found) {
      return true;
    }
  }

  private int run(CutWorld.Bug bug, int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    CutWorld world = new CutWorld(2 + seed % 4, bug);
    for (int i = 0; i < 600; i++) {
      world.act(random.nextInt(1 << 24));
    }
    world.settle();
    world.check();
    recordedFrames += world.recordedFrames();
    world.freeLogs();
    return world.sealed().size();
  }
}
