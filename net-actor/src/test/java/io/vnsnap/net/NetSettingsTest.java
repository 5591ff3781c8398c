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
  void shouldAcknowledgeOftenWhileAQueueFillsUpUnlessToldOtherwise() {
    String small = "vnsnap.net.trunk.queue-bytes = 1 MiB";
    assertThat(acknowledgeBytes(small)).isEqualTo(32 << 10);
    assertThat(acknowledgeBytes(small, "vnsnap.net.trunk.acknowledge-bytes = 3 KiB"))
        .isEqualTo(3 << 10);
  }

  private static int acknowledgeBytes(String... settings) {
    return TwoHosts.settings(String.join("\n", settings)).trunk().receiving().acknowledgeBytes();
  }

  @Test
  void shouldReplayEveryFrameThatALinkMayDelayAtItsTime() {
    NetSettings settings = NetSettings.from(ConfigFactory.load());
    assertThat(settings.gate().maxReplay().toMillis()).isEqualTo(TopologyRules.LONGEST_WAY_MS);
  }
}
