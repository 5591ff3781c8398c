package io.vnsnap.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.vnsnap.simulation.Simulation.Result;
import io.vnsnap.simulation.scenario.Tally;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A failing seed is read with {@code ./vnsnap simulate --seeds SEED --trace}. */
class SimulationTest {
  private static final int SEEDS = 500;

  @Test
  @Timeout(value = 20, unit = TimeUnit.MINUTES)
  void shouldHoldWhatMustHoldInFiveHundredRuns() {
    Simulation simulation = new Simulation();
    List<String> failures = new ArrayList<>();
    Tally tally = Tally.NOTHING;
    for (long seed = 1; seed <= SEEDS; seed++) {
      Result result = simulation.run(seed, null);
      tally = tally.plus(result.tally());
      if (result.failed()) {
        failures.add("seed " + seed + ": " + result.failure());
      }
    }
    assertThat(failures).isEmpty();
    assertThat(tally.sealed()).as("snapshots sealed").isGreaterThan(SEEDS);
    assertThat(tally.aborted()).as("snapshots aborted").isGreaterThan(SEEDS / 10);
    assertThat(tally.recorded()).as("frames recorded").isGreaterThan(SEEDS);
    assertThat(tally.lost()).as("VMs lost").isGreaterThan(SEEDS / 10);
  }

  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void shouldMakeTheSameRunOfTheSameSeed() {
    Simulation simulation = new Simulation();
    List<Result> first = new ArrayList<>();
    for (long seed = 1; seed <= 20; seed++) {
      first.add(simulation.run(seed, null));
    }
    for (long seed = 20; seed >= 1; seed--) {
      assertThat(simulation.run(seed, null)).isEqualTo(first.get((int) seed - 1));
    }
    assertThat(first.stream().map(Result::fingerprint)).doesNotHaveDuplicates();
  }

  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void shouldNotBeChangedByBeingTraced() {
    Simulation simulation = new Simulation();
    List<String> lines = new ArrayList<>();
    Result unread = simulation.run(7, null);
    Result read = simulation.run(7, (nanos, who, what) -> lines.add(nanos + who + what));
    assertThat(read).isEqualTo(unread);
    assertThat(lines).isNotEmpty();
    List<String> again = new ArrayList<>();
    simulation.run(7, (nanos, who, what) -> again.add(nanos + who + what));
    assertThat(again).isEqualTo(lines);
  }
}
