package io.vnsnap.it.vne;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vnsnap.proto.Shape;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/**
 * The guest kit's word is worth something: over a link that loses and reorders frames on purpose,
 * each kind of traffic says so.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(300)
class WitnessTest {
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final int DELAY_US = 50_000;
  private static final int PART_PPM = 50_000;

  private final Lab lab;

  WitnessTest() throws Exception {
    lab = Lab.start();
  }

  @AfterAll
  void end() throws IOException {
    lab.close();
  }

  @Test
  void shouldReportLossAndReorderingOfEachKind() {
    lab.up(
        TwoGuests.topology(
            Shape.newBuilder()
                .setDelayUs(DELAY_US)
                .setLossPpm(PART_PPM)
                .setReorderPpm(PART_PPM)
                .setSeed(1)
                .build()));
    Guest guest = lab.guest("vm1");

    for (String kind : new String[] {"lost", "reordered"}) {
      for (String peer : new String[] {"10.0.0.2", "10.0.0.2/icmp", "10.0.0.2/arp"}) {
        String line = "VNTRAFFIC-ERROR vm=vm1 kind=%s peer=%s expected=".formatted(kind, peer);
        await(line).atMost(PATIENCE).until(() -> guest.hasSaid(line));
      }
    }

    // On a fast machine all of that is said within the second before the first report.
    await("a report").atMost(PATIENCE).until(() -> !guest.report().isEmpty());
    assertThat(guest.report()).containsEntry("corrupt", "0").containsEntry("duplicated", "0");
  }
}
