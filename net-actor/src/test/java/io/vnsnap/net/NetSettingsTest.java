package io.vnsnap.net;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.vnsnap.proto.topology.TopologyRules;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class NetSettingsTest {

  @Test
  void shouldKeepAQuarterOfTheHeapForRecordedFramesUnlessToldOtherwise() {
    assertThat(TwoHosts.settings().hostRecordBytes())
        .isEqualTo(Runtime.getRuntime().maxMemory() / 4);
    assertThat(TwoHosts.settings("vnsnap.net.host-record-bytes = 3 MiB").hostRecordBytes())
        .isEqualTo(3 << 20);
  }

  @Test
  void shouldReplayEveryFrameThatALinkMayDelayAtItsTime() {
    NetSettings settings = NetSettings.from(ConfigFactory.load());
    assertThat(settings.gate().maxReplay().toMillis()).isEqualTo(TopologyRules.LONGEST_WAY_MS);
  }
}
