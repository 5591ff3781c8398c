package io.vnsnap.store.life;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vnsnap.proto.Manifest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class RetentionTest {
  private static final long HOUR_MS = 3_600_000;

  private static Manifest taken(String utc) {
    return taken(Instant.parse(utc).toEpochMilli(), "");
  }

  private static Manifest taken(long epochMs, String label) {
    return Manifest.newBuilder()
        .setSnapshotId("s" + epochMs)
        .setVne("lab")
        .setLabel(label)
        .setCreatedEpochMs(epochMs)
        .build();
  }

  private static List<String> kept(Retention rules, Manifest... snapshots) {
    return rules.decide(List.of(snapshots)).stream()
        .filter(Retention.Decision::kept)
        .map(decision ->
            Instant.ofEpochMilli(decision.snapshot().getCreatedEpochMs())
                + " "
                + String.join(", ", decision.reasons()))
        .toList();
  }

  @Example
  void shouldKeepTheLast() {
    assertThat(
            kept(
                new Retention(2, 0, 0, 0, false),
                taken("2026-01-01T00:00:00Z"),
                taken("2026-01-03T00:00:00Z"),
                taken("2026-01-02T00:00:00Z")))
        .containsExactly("2026-01-03T00:00:00Z newest, last 2", "2026-01-02T00:00:00Z last 2");
  }

  @Example
  void shouldAlwaysKeepTheNewest() {
    assertThat(
            kept(
                new Retention(0, 0, 0, 0, false),
                taken("2026-01-01T00:00:00Z"),
                taken("2026-01-02T00:00:00Z")))
        .containsExactly("2026-01-02T00:00:00Z newest");
    assertThat(kept(new Retention(0, 0, 0, 0, false))).isEmpty();
  }

  @Example
  void shouldKeepTheNewestOfEachHourThatHasOne() {
    assertThat(
            kept(
                new Retention(0, 2, 0, 0, false),
                taken("2026-01-02T10:59:59.999Z"),
                taken("2026-01-02T10:00:00Z"),
                taken("2026-01-02T09:59:59.999Z"),
                taken("2026-01-01T03:20:00Z")))
        .containsExactly(
            "2026-01-02T10:59:59.999Z newest, hour 2026-01-02 10:00",
            "2026-01-02T09:59:59.999Z hour 2026-01-02 09:00");
  }

  @Example
  void shouldCountDaysAndWeeksInUtc() {
    assertThat(
            kept(
                new Retention(0, 0, 2, 3, false),
                taken("2027-01-04T00:00:00Z"),
                taken("2027-01-03T23:59:59Z"),
                taken("2027-01-01T12:00:00Z"),
                taken("2026-12-28T00:00:00Z"),
                taken("2026-12-27T23:00:00Z")))
        .containsExactly(
            "2027-01-04T00:00:00Z newest, day 2027-01-04, week 2027-W01",
            "2027-01-03T23:59:59Z day 2027-01-03, week 2026-W53",
            "2026-12-27T23:00:00Z week 2026-W52");
  }

  @Example
  void shouldKeepLabelledOnesOnlyWhenAsked() {
    Manifest old = taken(0, "before upgrade");
    Manifest next = taken(HOUR_MS, "");
    assertThat(new Retention(0, 0, 0, 0, true).decide(List.of(old, next)).get(1).reasons())
        .containsExactly("labelled");
    assertThat(new Retention(1, 0, 0, 0, false).decide(List.of(old, next)).get(1).kept()).isFalse();
  }

  @Example
  void shouldRefuseWhatMakesNoSense() {
    assertThatThrownBy(() -> new Retention(-1, 0, 0, 0, false))
        .isInstanceOf(IllegalArgumentException.class);
    Manifest other = Manifest.newBuilder().setVne("other").build();
    assertThatThrownBy(() -> new Retention(1, 0, 0, 0, false).decide(List.of(taken(0, ""), other)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(new Retention(0, 0, 0, 0, false).isNothing()).isTrue();
    assertThat(new Retention(0, 0, 0, 1, false).isNothing()).isFalse();
  }

  @Property(tries = 300)
  void shouldKeepNoMoreThanTheRulesAskForAndForgetNothing(
      @ForAll("rules") Retention rules, @ForAll("snapshots") List<Manifest> snapshots) {
    List<Retention.Decision> decisions = rules.decide(snapshots);
    assertThat(decisions)
        .extracting(Retention.Decision::snapshot)
        .containsExactlyInAnyOrderElementsOf(snapshots)
        .isSortedAccordingTo(Comparator.comparingLong(Manifest::getCreatedEpochMs).reversed());
    List<Manifest> kept =
        decisions.stream()
            .filter(Retention.Decision::kept)
            .map(Retention.Decision::snapshot)
            .toList();
    assertThat(kept).first().isEqualTo(decisions.get(0).snapshot());
    assertThat(kept).hasSizeGreaterThanOrEqualTo(Math.min(rules.last(), snapshots.size()));
    assertThat(kept)
        .hasSizeLessThanOrEqualTo(
            1 + rules.last() + rules.hourly() + rules.daily() + rules.weekly());
    Set<Long> hours = new HashSet<>();
    snapshots.forEach(snapshot -> hours.add(snapshot.getCreatedEpochMs() / HOUR_MS));
    Set<Long> keptHours = new HashSet<>();
    kept.forEach(snapshot -> keptHours.add(snapshot.getCreatedEpochMs() / HOUR_MS));
    assertThat(keptHours).hasSizeGreaterThanOrEqualTo(Math.min(hours.size(), rules.hourly()));
  }

  @Property(tries = 200)
  void shouldDecideTheSameAgainOnWhatItKept(
      @ForAll("rules") Retention rules, @ForAll("snapshots") List<Manifest> snapshots) {
    List<Manifest> kept = new ArrayList<>();
    for (Retention.Decision decision : rules.decide(snapshots)) {
      if (decision.kept()) {
        kept.add(decision.snapshot());
      }
    }
    assertThat(rules.decide(kept)).allMatch(Retention.Decision::kept);
  }

  @Provide
  Arbitrary<Retention> rules() {
    Arbitrary<Integer> few = Arbitraries.integers().between(0, 6);
    return Combinators.combine(few, few, few, few)
        .as((last, hourly, daily, weekly) -> new Retention(last, hourly, daily, weekly, false));
  }

  @Provide
  Arbitrary<List<Manifest>> snapshots() {
    return Arbitraries.longs()
        .between(0, 40 * 24 * HOUR_MS)
        .set()
        .ofMinSize(1)
        .ofMaxSize(40)
        .map(times -> times.stream().map(time -> taken(time, "")).toList());
  }
}
