package io.vnsnap.it.spec;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Checks the specification of gates and snapshots, {@code docs/spec/gates.pml}. The options and the
 * names of the properties are explained there and in the README beside it.
 */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
final class GateSpecificationTest {
  private static final Path MODEL =
      Path.of(System.getProperty("vnsnap.repository", ".."), "docs", "spec", "gates.pml")
          .toAbsolutePath()
          .normalize();

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"FRAMES=2 DROPS CRASH", "FRAMES=2 DROPS CRASH NONFIFO"})
  void shouldHoldInAllRunsAndReachEveryRule(String options) {
    String report = search(options);

    assertPassed(report);
    assertThat(SpinSearch.unreached(report)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "FRAMES=2 DROPS FAULTLESS",
        "FRAMES=2 DROPS FAULTLESS NONFIFO",
        "FRAMES=2 FAULTLESS LAZY",
        "FRAMES=2 FAULTLESS LAZY NONFIFO",
      })
  void shouldSealBothSnapshotsWhenNothingFails(String options) {
    assertPassed(search(options));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"FRAMES=1 DROPS CRASH IMPATIENT", "FRAMES=1 DROPS CRASH IMPATIENT NONFIFO"})
  void shouldHoldWhenTheNextSnapshotDoesNotWaitForTheAbort(String options) {
    assertPassed(search(options));
  }

  @ParameterizedTest
  @ValueSource(strings = {"FRAMES=1 DROPS CRASH", "FRAMES=1 DROPS CRASH NONFIFO"})
  void shouldComeToAnEndInEveryRun(String options) {
    assertPassed(new SpinSearch(MODEL, folder).forEndlessRuns(split(options)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GOAL_RECORDED FAULTLESS",
        "GOAL_HELD FAULTLESS NONFIFO",
        "GOAL_TWO_BEHIND",
        "GOAL_TWO_BEHIND NONFIFO",
        "GOAL_STALE_MARKER",
      })
  void shouldBeAbleTo(String goal) {
    assertThat(SpinSearch.violated(searchForOne(goal))).isEqualTo("goal");
  }

  @ParameterizedTest
  @CsvSource({
    "BREAK_FORGET_HOLD, missing",
    "BREAK_FORGET_HOLD NONFIFO, missing",
    "BREAK_FORGET_RECORD, unbalanced",
    "BREAK_FORGET_RECORD NONFIFO FAULTLESS, paused",
    "BREAK_FORGET_RECORD BREAK_CLOSE_AT_MARKER, missing",
    "BREAK_MARKER_BEFORE_DRAIN, missing",
    "BREAK_MARKER_BEFORE_DRAIN NONFIFO, missing",
    "BREAK_RED_TO_WHITE, unbalanced",
    "BREAK_RED_TO_WHITE NONFIFO, missing",
    "BREAK_RED_TO_WHITE BREAK_CLOSE_AT_MARKER, orphan",
    "BREAK_LATE_COUNT, unbalanced",
    "BREAK_LATE_COUNT NONFIFO FAULTLESS, paused",
    "BREAK_NO_QUIET, missing",
    "BREAK_CLOSE_AT_MARKER NONFIFO, missing",
    "BREAK_COUNT_OF_EPOCH, unbalanced",
    "BREAK_COUNT_OF_EPOCH NONFIFO, missing",
    "BREAK_RED_DROPS DROPS, unbalanced",
    "BREAK_RED_DROPS DROPS NONFIFO, missing",
  })
  void shouldFindMistakeInTheCut(String mistake, String violated) {
    assertThat(SpinSearch.violated(searchForOne(mistake))).isEqualTo(violated);
  }

  @ParameterizedTest
  @CsvSource({
    "BREAK_ABORT_STAYS FRAMES=1, unequal",
    "BREAK_ABORT_ADDS_ONE, unequal",
    "BREAK_ABORT_KEEPS_HELD CRASH, kept",
    "BREAK_STALE_MARKER, unbalanced",
    "BREAK_RED_TWICE, missing",
    "BREAK_HOLD_UNPREPARED CRASH, kept",
    "BREAK_ABORT_WHILE_SEALING, incomplete",
    "BREAK_DELETE_STORED, incomplete",
  })
  void shouldFindMistakeInTheAbort(String mistake, String violated) {
    assertThat(SpinSearch.violated(searchForOne(mistake))).isEqualTo(violated);
  }

  private String search(String options) {
    return new SpinSearch(MODEL, folder).forViolations(split(options));
  }

  private String searchForOne(String options) {
    return new SpinSearch(MODEL, folder).forFirstViolation(split(options));
  }

  private static List<String> split(String options) {
    return List.of(options.split(" ", -1));
  }

  private static void assertPassed(String report) {
    assertThat(SpinSearch.errors(report)).as(report).isZero();
    assertThat(SpinSearch.wasExhaustive(report)).as(report).isTrue();
    assertThat(SpinSearch.states(report)).as(report).isPositive();
  }
}
