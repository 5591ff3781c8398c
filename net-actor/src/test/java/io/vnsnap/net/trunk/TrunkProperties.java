package io.vnsnap.net.trunk;

import static org.assertj.core.api.Assertions.assertThat;

import io.vnsnap.proto.DropCause;
import java.io.IOException;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Whatever happens on the way, every frame and marker arrives once and in order, or is counted. */
class TrunkProperties {
  private static final int CHANNELS = 3;
  private static final int ACTIONS = 400;

  @Property(tries = 200)
  void shouldNeitherLoseNorDoubleNorReorderWhenConnectionsBreak(@ForAll long seed)
      throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    try (TrunkWorld world = new TrunkWorld("", CHANNELS, seed)) {
      for (int i = 0; i < ACTIONS; i++) {
        world.act(random);
      }
      world.lines.forEach(TrunkWorld.Line::mark);
      world.settle();
      for (TrunkWorld.Line line : world.lines) {
        assertThat(line.arrived).containsExactlyElementsOf(numbers(line.sent));
        assertThat(line.markers).hasSize(line.epoch);
        assertThat(line.refused.total()).isZero();
      }
      assertThat(world.counters().cutOff()).isZero();
    }
  }

  @Property(tries = 100)
  void shouldCountEveryFrameThatHadNoRoomAndLoseNoMarker(@ForAll long seed) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    String small = "vnsnap.net.trunk { queue-bytes = 64 KiB, marker-reserve = 0 }";
    try (TrunkWorld world = new TrunkWorld(small, CHANNELS, seed)) {
      for (int i = 0; i < 2 * ACTIONS; i++) {
        world.act(random);
      }
      world.settle();
      world.lines.forEach(TrunkWorld.Line::mark);
      world.settle();
      for (TrunkWorld.Line line : world.lines) {
        // That each marker accounts for what came before it is checked when it arrives.
        assertThat(line.markers.getLast().epoch()).isEqualTo(line.epoch);
        assertThat(line.markers.getLast().drops().of(DropCause.TRUNK_FULL))
            .isEqualTo(line.refused.total());
      }
      assertThat(world.counters().cutOff()).isZero();
    }
  }

  private static Iterable<Long> numbers(long last) {
    return LongStream.rangeClosed(1, last).boxed().toList();
  }
}
