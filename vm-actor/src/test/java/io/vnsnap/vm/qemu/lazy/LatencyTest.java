package io.vnsnap.vm.qemu.lazy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LatencyTest {
  private final Latency latency = new Latency();

  @Test
  void shouldTellSharesToWithinAQuarter() {
    for (int i = 1; i <= 1000; i++) {
      latency.add(i * 1000L);
    }
    assertThat(latency.count()).isEqualTo(1000);
    assertThat(latency.maxNanos()).isEqualTo(1_000_000);
    assertThat(latency.atMostNanos(0.5)).isBetween(500_000L, 625_000L);
    assertThat(latency.atMostNanos(0.99)).isBetween(990_000L, 1_000_000L);
  }

  @Test
  void shouldBeZeroWithoutAny() {
    assertThat(latency.atMostNanos(0.5)).isZero();
    assertThat(latency.maxNanos()).isZero();
  }

  @Test
  void shouldTakeTimesOfAnyLength() {
    latency.add(0);
    latency.add(Long.MAX_VALUE);
    assertThat(latency.maxNanos()).isEqualTo(Long.MAX_VALUE);
    assertThat(latency.atMostNanos(0.4)).isLessThan(10);
  }
}
