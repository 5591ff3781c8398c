package io.vnsnap.shell.demo;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(10)
class TrafficReportTest {
  private static final String LINE =
      "VNTRAFFIC vm=vm1 tick=12 peers=3/3 udp_sent=1200 udp_received=1180 lost=1 duplicated=2 reordered=3 tcp_sent=77 tcp_received=66 corrupt=4 broken=5 memory=torn dropped=0";

  @Test
  void shouldReadEveryField() {
    assertThat(TrafficReport.parse(LINE))
        .contains(
            new TrafficReport(
                "vm1",
                12,
                3,
                3,
                new TrafficReport.Udp(1200, 1180, 1, 2, 3),
                new TrafficReport.Tcp(77, 66, 4, 5),
                false));
  }

  @Test
  void shouldReadBehindAPrompt() {
    assertThat(TrafficReport.parse("vm1# " + LINE + "\r")).isPresent();
  }

  @Test
  void shouldSayWhatIsWrong() {
    assertThat(TrafficReport.parse(LINE).orElseThrow().fault())
        .isEqualTo(
            "1 datagrams lost, 2 datagrams duplicated, 3 datagrams reordered, 4 pieces of data corrupt, 5 streams broken, memory torn");
    assertThat(TrafficReport.parse(Reports.line("vm1", 3)).orElseThrow().fault()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "VNTRAFFIC",
        "VNTRAFFIC vm=vm1 tick=12",
        "VNTRAFFIC vm=vm1 tick=12 peers=3 udp_sent=1",
        "VNTRAFFIC vm=vm1 tick=999999999999999999999 peers=3/3",
        "VNTRAFFIC-DIRTY vm=vm1 tick=1 filled_mib=1 written_mib=1 memory=ok",
        "VNTRAFFIC vm=vm1 tick=12 peers=3/3 udp_sent=12[    1.2] random: crng init done"
      })
  void shouldNotReadADamagedLine(String line) {
    assertThat(TrafficReport.parse(line)).isEmpty();
  }
}
