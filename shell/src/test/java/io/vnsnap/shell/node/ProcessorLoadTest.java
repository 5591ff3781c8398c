package io.vnsnap.shell.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ProcessorLoadTest {
  private double now;
  private final ProcessorLoad load = new ProcessorLoad(() -> now);

  private void look(int times, double share) {
    now = share;
    for (int i = 0; i < times; i++) {
      load.look();
    }
  }

  @Test
  void shouldFollowAChangeWithinSeconds() {
    assertThat(load.getAsDouble()).isZero();
    look(1, 1);
    assertThat(load.getAsDouble()).isLessThan(0.3);
    look(11, 1);
    assertThat(load.getAsDouble()).isGreaterThan(0.9);
    look(12, 0.01);
    assertThat(load.getAsDouble()).isLessThan(0.1);
  }

  @Test
  void shouldPassOverWhatTheMachineDoesNotTell() {
    look(30, 0.6);
    look(30, -1);
    look(30, 0);
    look(30, Double.NaN);
    assertThat(load.getAsDouble()).isCloseTo(0.6, within(0.01));
  }
}
