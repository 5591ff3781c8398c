package io.vnsnap.store.life;

import io.vnsnap.proto.Manifest;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.time.temporal.IsoFields;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Function;

/**
 * Which snapshots of a VNE are kept. A snapshot is kept if any rule keeps it; the newest one always
 * is.
 *
 * <p>The rule of hours keeps the newest snapshot of each of the latest {@code hourly} hours in
 * which one was taken; hours without a snapshot do not count. Days and ISO weeks (from Monday)
 * likewise. Hours, days and weeks are those of UTC, whatever zone a machine is in, so that every
 * host decides alike and no hour comes twice a year.
 *
 * @param last how many of the newest are kept
 * @param hourly for how many hours one is kept
 * @param daily for how many days one is kept
 * @param weekly for how many weeks one is kept
 * @param labelled whether all that have a label are kept
 */
public record Retention(int last, int hourly, int daily, int weekly, boolean labelled) {
  private static final DateTimeFormatter HOUR =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH':00'", Locale.ROOT);
  private static final DateTimeFormatter DAY =
      DateTimeFormatter.ofPattern("uuuu-MM-dd", Locale.ROOT);

  private static final Comparator<Manifest> NEWEST_FIRST =
      Comparator.comparingLong(Manifest::getCreatedEpochMs)
          .thenComparingLong(Manifest::getSealedEpochMs)
          .thenComparing(Manifest::getSnapshotId)
          .reversed();

  /** Refuses negative numbers. */
  public Retention {
    if (last < 0 || hourly < 0 || daily < 0 || weekly < 0) {
      throw new IllegalArgumentException("a number of snapshots to keep cannot be negative");
    }
  }

  /** Whether there is a rule at all, beside the one that the newest is kept. */
  public boolean isNothing() {
    return last == 0 && hourly == 0 && daily == 0 && weekly == 0 && !labelled;
  }

  /**
   * What is to become of a snapshot.
   *
   * @param reasons why it is kept; none: it goes
   */
  public record Decision(Manifest snapshot, List<String> reasons) {

    /** Whether it stays. */
    public boolean kept() {
      return !reasons.isEmpty();
    }
  }

  /**
   * Decides on the snapshots of one VNE.
   *
   * @param snapshots in any order
   * @return one decision for each, newest first
   * @throws IllegalArgumentException if they are of several VNEs
   */
  public List<Decision> decide(List<Manifest> snapshots) {
    if (snapshots.stream().map(Manifest::getVne).distinct().count() > 1) {
      throw new IllegalArgumentException("snapshots of several VNEs are not decided on together");
    }
    List<Period> periods =
        List.of(
            new Period("hour", hourly, time -> time.truncatedTo(ChronoUnit.HOURS).format(HOUR)),
            new Period("day", daily, time -> time.format(DAY)),
            new Period("week", weekly, Retention::week));
    List<Decision> decisions = new ArrayList<>();
    for (Manifest snapshot : snapshots.stream().sorted(NEWEST_FIRST).toList()) {
      List<String> reasons = new ArrayList<>();
      if (decisions.isEmpty()) {
        reasons.add("newest");
      }
      if (decisions.size() < last) {
        reasons.add("last " + last);
      }
      OffsetDateTime taken =
          Instant.ofEpochMilli(snapshot.getCreatedEpochMs()).atOffset(ZoneOffset.UTC);
      periods.forEach(period -> period.ask(taken, reasons));
      if (labelled && !snapshot.getLabel().isEmpty()) {
        reasons.add("labelled");
      }
      decisions.add(new Decision(snapshot, List.copyOf(reasons)));
    }
    return List.copyOf(decisions);
  }

  private static String week(OffsetDateTime time) {
    return "%04d-W%02d"
        .formatted(
            time.get(IsoFields.WEEK_BASED_YEAR), time.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
  }

  /** One rule on its way from the newest snapshot to the oldest. */
  private static final class Period {
    private final String what;
    private final Function<OffsetDateTime, String> nameOf;
    private int left;
    private String latest = "";

    Period(String what, int left, Function<OffsetDateTime, String> nameOf) {
      this.what = what;
      this.left = left;
      this.nameOf = nameOf;
    }

    void ask(OffsetDateTime taken, List<String> reasons) {
      String name = nameOf.apply(taken);
      if (left > 0 && !Objects.equals(name, latest)) {
        latest = name;
        left--;
        reasons.add("%s %s".formatted(what, name));
      }
    }
  }
}
