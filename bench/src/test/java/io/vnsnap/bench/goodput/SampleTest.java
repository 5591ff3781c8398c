package io.vnsnap.bench.goodput;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
class SampleTest {
  private static final String LINE =
      "VNTRAFFIC vm=vm1 tick=12 peers=1/1 udp_sent=0 udp_received=0 lost=1 duplicated=2 reordered=4"
          + " tcp_sent=77 tcp_received=66 corrupt=8 broken=16 memory=torn dropped=0 icmp_sent=0"
          + " icmp_received=0 arp_sent=0 arp_received=0 tcp_resent=5 tcp_timeouts=3";

  @Test
  void shouldReadWhatCounts() {
    assertThat(Sample.parse("vm1# " + LINE + "\r", 7))
        .contains(new Sample(7, true, 66, 5, 3, 1 + 2 + 4 + 8 + 16 + 1));
  }

  @Test
  void shouldTellWhetherTheStreamIsEstablished() {
    assertThat(Sample.parse(LINE.replace("peers=1/1", "peers=0/1"), 7).orElseThrow().connected())
        .isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "VNTRAFFIC",
        "VNTRAFFIC vm=vm1 tick=12",
        "VNTRAFFIC vm=vm1 tick=12 peers=1/1 tcp_received=66 tcp_resent=5 tcp_timeouts=3 memory=ok",
        "VNTRAFFIC-DIRTY vm=vm1 tick=1 filled_mib=1 written_mib=1 memory=ok",
        "VNTRAFFIC vm=vm1 tick=12 peers=1/1 udp_sent=0[    1.2] random: crng init done"
      })
  void shouldNotReadADamagedLine(String line) {
    assertThat(Sample.parse(line, 7)).isEmpty();
  }
}
