package io.vnsnap.shell.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class GuestLogTest {
  private final GuestLog log = new GuestLog();

  @Test
  void shouldPutLinesTogetherFromPieces() {
    byte[] bytes = (Reports.line("vm1", 7) + "\r\n").getBytes(StandardCharsets.UTF_8);
    for (byte b : bytes) {
      log.output(ByteString.copyFrom(new byte[] {b}), 0);
    }
    assertThat(log.heard().reports()).singleElement().extracting(TrafficReport::tick).isEqualTo(7L);
  }

  @Test
  void shouldNotTrustALineWithAGap() {
    String line = Reports.line("vm1", 7);
    log.output(ByteString.copyFromUtf8(line.substring(0, 40)), 0);
    log.output(ByteString.copyFromUtf8(line.substring(60) + "\r\n"), 20);
    Reports.say(log, Reports.line("vm1", 8));
    assertThat(log.heard().reports()).extracting(TrafficReport::tick).containsExactly(8L);
  }

  @Test
  void shouldKeepErrorsAndTheLastLines() {
    Reports.say(log, "BOOTED vm1");
    Reports.say(log, "vm1# VNTRAFFIC-ERROR vm=vm1 kind=lost peer=10.0.0.2 expected=5 got=7");
    for (int i = 0; i < 100; i++) {
      Reports.say(log, "line " + i);
    }
    assertThat(log.heard().booted()).isTrue();
    assertThat(log.heard().errors())
        .containsExactly("VNTRAFFIC-ERROR vm=vm1 kind=lost peer=10.0.0.2 expected=5 got=7");
    assertThat(log.heard().lastLines())
        .containsExactly("line 95", "line 96", "line 97", "line 98", "line 99");
  }

  @Test
  void shouldBoundALineWithoutEnd() {
    for (int i = 0; i < 100; i++) {
      log.output(ByteString.copyFromUtf8("x".repeat(1000)), 0);
    }
    log.output(ByteString.copyFromUtf8("\n"), 0);
    assertThat(log.heard().lastLines()).singleElement().asString().hasSize(4096);
  }
}
