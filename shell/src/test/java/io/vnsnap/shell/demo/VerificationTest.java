package io.vnsnap.shell.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongFunction;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(10)
class VerificationTest {
  private static final List<String> VMS = List.of("vm1", "vm2", "vm3", "vm4");
  private static final long MIN_TICKS = 6;
  private static final long CUT = 20;

  private final Verification verification = new Verification(Reports.UDP, Reports.TCP, MIN_TICKS);
  private final Map<String, GuestLog> logs = new LinkedHashMap<>();

  @BeforeEach
  void startLogs() {
    VMS.forEach(vm -> logs.put(vm, new GuestLog()));
  }

  private Map<String, GuestLog.Heard> heard() {
    Map<String, GuestLog.Heard> heard = new LinkedHashMap<>();
    logs.forEach((vm, log) -> heard.put(vm, log.heard()));
    return heard;
  }

  private void say(String vm, long from, long to, LongFunction<String> line) {
    for (long tick = from; tick <= to; tick++) {
      Reports.say(Objects.requireNonNull(logs.get(vm)), line.apply(tick));
    }
  }

  private void healthy(long from, long to, String... except) {
    for (String vm : VMS) {
      if (!List.of(except).contains(vm)) {
        say(vm, from, to, tick -> Reports.line(vm, tick));
      }
    }
  }

  private static TrafficReport report(String vm, long tick) {
    return TrafficReport.parse(Reports.line(vm, tick)).orElseThrow();
  }

  private Verification.Verdict wentOn() {
    Map<String, TrafficReport> since = new LinkedHashMap<>();
    VMS.forEach(vm -> since.put(vm, report(vm, CUT)));
    return verification.wentOn(heard(), since);
  }

  private Verification.Verdict restored() {
    Map<String, Verification.CutBounds> cuts = new LinkedHashMap<>();
    VMS.forEach(
        vm -> cuts.put(vm, new Verification.CutBounds(report(vm, CUT - 1), report(vm, CUT + 1))));
    return verification.restored(heard(), cuts);
  }

  @Test
  void shouldPassAHealthyWorld() {
    healthy(1, CUT + MIN_TICKS);
    assertThat(wentOn().good()).isTrue();
  }

  @Test
  void shouldPassARestoredWorldThatGoesOnFromItsCut() {
    healthy(CUT, CUT + MIN_TICKS);
    assertThat(restored()).isEqualTo(new Verification.Verdict(List.of(), List.of()));
  }

  @Test
  void shouldPassARestoredWorldWhoseConsolesStillHaveWhatWasSaidBefore() {
    healthy(1, CUT + 30);
    healthy(CUT, CUT + MIN_TICKS);
    assertThat(restored().good()).isTrue();
  }

  @Test
  void shouldWaitForEnoughReports() {
    healthy(1, CUT + MIN_TICKS - 1);
    assertThat(wentOn().faults()).isEmpty();
    assertThat(wentOn().pending())
        .contains("vm1 has reported 5 of 6 seconds", "vm4 has reported 5 of 6 seconds");
  }

  @Test
  void shouldWaitForAGuestThatSaysNothing() {
    healthy(CUT, CUT + 50, "vm3");
    assertThat(restored().pending()).containsExactly("vm3 has reported 0 of 6 seconds");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"lost=1", "duplicated=1", "reordered=1", "corrupt=1", "broken=1", "memory=torn"})
  void shouldFailWhatAGuestCounts(String fault) {
    healthy(1, CUT + 10, "vm2");
    say(
        "vm2",
        1,
        CUT + 10,
        t -> Reports.line("vm2", t, t * 300, t * 750_000, t > CUT ? fault : ""));
    assertThat(wentOn().faults()).singleElement().asString().startsWith("vm2 counts ");
    assertThat(restored().faults()).isNotEmpty();
  }

  @Test
  void shouldFailAGapThatWasReportedAsAnEventOnly() {
    healthy(1, CUT + 10);
    say("vm4", 1, 1, t -> "VNTRAFFIC-ERROR vm=vm4 kind=lost peer=10.0.0.1 expected=5 got=7");
    assertThat(wentOn().faults())
        .contains("vm4 reported: VNTRAFFIC-ERROR vm=vm4 kind=lost peer=10.0.0.1 expected=5 got=7");
  }

  @Test
  void shouldFailAGuestThatRebootedWhenItWasRestored() {
    healthy(CUT, CUT + 10, "vm1");
    say("vm1", 1, 10, t -> Reports.line("vm1", t));
    assertThat(restored().faults())
        .containsExactly(
            "vm1 did not go on from its cut but started afresh: it reports tick 1, before the cut it was at 19");
  }

  @Test
  void shouldFailAGuestThatRebootedLater() {
    healthy(CUT, CUT + 10, "vm1");
    say("vm1", CUT, CUT + 3, t -> Reports.line("vm1", t));
    say("vm1", 1, 10, t -> Reports.line("vm1", t));
    assertThat(restored().faults()).singleElement().asString().contains("started afresh");
  }

  @Test
  void shouldFailAGuestThatRebootedInTheWorldThatWentOn() {
    healthy(1, CUT + 10);
    say("vm3", 1, 3, t -> Reports.line("vm3", t));
    assertThat(wentOn().faults())
        .containsExactly("vm3 started afresh: its report 1 came after report 30");
  }

  @Test
  void shouldFailAGuestThatIsLaterThanItsCut() {
    healthy(CUT + 20, CUT + 40);
    assertThat(restored().faults())
        .hasSize(4)
        .contains(
            "vm1 is later than its cut: it reports tick 40 first, right after the cut it was at 21");
  }

  @Test
  void shouldFailAGuestThatHasForgottenWhatItCounted() {
    healthy(CUT, CUT + 10, "vm1");
    say("vm1", CUT, CUT + 10, t -> Reports.line("vm1", t, (t - CUT) * 300, t * 750_000, ""));
    assertThat(restored().faults()).singleElement().asString().startsWith("vm1 did not go on");
  }

  @Test
  void shouldNotPassOneStalledDatagramStreamHoweverLongItRuns() {
    healthy(CUT, CUT + 1000, "vm1");
    say(
        "vm1",
        CUT,
        CUT + 1000,
        t -> Reports.line("vm1", t, 6000 + (t - CUT) * 200, t * 750_000, ""));
    assertThat(restored().faults()).isEmpty();
    assertThat(restored().pending())
        .containsExactly("a UDP stream to vm1 stands still: 200 of 300 a second arrive");
  }

  @Test
  void shouldNotPassOneStalledByteStream() {
    healthy(CUT, CUT + 100, "vm2");
    say(
        "vm2",
        CUT,
        CUT + 100,
        t -> Reports.line("vm2", t, t * 300, 15_000_000 + (t - CUT) * 500_000, ""));
    assertThat(restored().pending())
        .containsExactly("a TCP stream to vm2 stands still: 500000 of 750000 a second arrive");
  }

  @Test
  void shouldNotPassAWorldInWhichNothingMoves() {
    for (String vm : VMS) {
      say(vm, CUT, CUT + 10, t -> Reports.line(vm, t, 6000, 15_000_000, "udp_sent=6000"));
    }
    assertThat(restored().pending()).hasSize(8);
  }

  @Test
  void shouldFailWhenAPeerIsNotConnected() {
    healthy(CUT, CUT + 10, "vm2");
    say("vm2", CUT, CUT + 10, t -> Reports.line("vm2", t, t * 300, t * 750_000, "peers=2/3"));
    assertThat(restored().faults())
        .containsExactly("vm2 was connected to only 2 of 3 peers at tick 20");
  }

  @Test
  void shouldFailWhenAConsoleCloses() {
    healthy(CUT, CUT + 10);
    Objects.requireNonNull(logs.get("vm1")).closed("QEMU ended with signal 11");
    assertThat(restored().faults())
        .containsExactly("the console of vm1 closed: QEMU ended with signal 11");
  }
}
