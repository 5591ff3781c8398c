package io.vnsnap.it.vne;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RecordedFrame;
import io.vnsnap.proto.SnapshotTaken;
import io.vnsnap.shell.render.SnapshotFigures;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.SnapshotVerification;
import io.vnsnap.store.pages.PageStore;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Snapshots of a running VNE at a steady pace, each verified from what is stored as {@code vnsnap
 * verify} does. Keeps few of them, spread over the series, and deletes the others: a minute of them
 * would fill gigabytes.
 */
final class SnapshotSeries {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration POLL = Duration.ofMillis(20);

  private final Lab lab;
  private final Map<String, Guest> guests;
  private final SnapshotStore store;
  private final Set<Traffic> recorded = EnumSet.noneOf(Traffic.class);
  private final List<Kept> kept = new ArrayList<>();
  private final List<SnapshotTaken> taken = new ArrayList<>();

  /**
   * A snapshot with what each guest had reported last before it was ordered, and last when it was
   * sealed: its cut is between.
   */
  record Kept(
      Manifest manifest,
      Map<String, Map<String, String>> before,
      Map<String, Map<String, String>> after) {}

  SnapshotSeries(Lab lab, Map<String, Guest> guests) throws IOException {
    this.lab = lab;
    this.guests = guests;
    this.store = PageStore.inDirectory(lab.store(), "it");
  }

  /**
   * Orders a snapshot whenever one is due, and the last one has been sealed and verified, until
   * both the time is over and there are enough. The first one in each of {@code keep} equal parts
   * of the time is kept.
   */
  void take(Duration every, Duration time, int atLeast, int keep) throws IOException {
    long start = System.nanoTime();
    long due = start;
    while (due - start < time.toNanos() || taken.size() < atLeast) {
      awaitTime(due);
      long part = time.toNanos() / keep;
      boolean keepIt = kept.size() < keep && due - start >= kept.size() * part;
      takeOne(keepIt);
      due = Math.max(due + every.toNanos(), System.nanoTime());
    }
    assertThat(kept).hasSize(keep);
  }

  private static void awaitTime(long nanoTime) {
    await().atMost(PATIENCE).pollInterval(POLL).until(() -> System.nanoTime() >= nanoTime);
  }

  private void takeOne(boolean keepIt) throws IOException {
    Map<String, Map<String, String>> before = reports();
    SnapshotTaken snapshot = lab.takeSnapshot("no. " + (taken.size() + 1));
    Manifest manifest = snapshot.getManifest();
    taken.add(snapshot);
    SnapshotVerification found = SnapshotVerification.of(store, manifest.getSnapshotId());
    assertThat(found.violations()).as("snapshot %d", taken.size()).isEmpty();
    assertThat(found.certificate().exact()).as("snapshot %d", taken.size()).isTrue();
    for (ChannelLogRecord log : manifest.getLogsList()) {
      for (RecordedFrame frame : store.readChannelLog(manifest.getSnapshotId(), log)) {
        Traffic.of(frame.getFrame()).ifPresent(recorded::add);
      }
    }
    if (keepIt) {
      kept.add(new Kept(manifest, before, reports()));
    } else {
      lab.delete(manifest);
    }
  }

  private Map<String, Map<String, String>> reports() {
    Map<String, Map<String, String>> reports = new LinkedHashMap<>();
    guests.forEach((vm, guest) -> reports.put(vm, guest.report()));
    return reports;
  }

  List<Kept> kept() {
    return kept;
  }

  /** What of the verified traffic was in flight at any of the cuts. */
  Set<Traffic> recorded() {
    return recorded;
  }

  /** For people: these depend on how busy the machine is. */
  String figures() {
    List<SnapshotFigures> figures =
        taken.stream().map(snapshot -> SnapshotFigures.of(snapshot.getManifest())).toList();
    return String.format(
        Locale.ROOT,
        "%d snapshots: %.1f s on average, %.1f at most; pause of a VM %.1f ms at the median,"
            + " %.1f at most; skew at most %.1f ms; %d frames recorded, %d held",
        taken.size(),
        taken.stream().mapToLong(SnapshotTaken::getDurationMs).average().orElse(0) / 1000,
        taken.stream().mapToLong(SnapshotTaken::getDurationMs).max().orElse(0) / 1000.0,
        figures.stream()
            .flatMap(snapshot -> snapshot.vms().stream())
            .mapToDouble(SnapshotFigures.OfVm::pauseMs)
            .sorted()
            .skip(figures.size())
            .findFirst()
            .orElse(0),
        figures.stream().mapToDouble(SnapshotFigures::pauseMaxMs).max().orElse(0),
        figures.stream().mapToDouble(SnapshotFigures::skewMs).max().orElse(0),
        figures.stream().mapToLong(SnapshotFigures::framesRecorded).sum(),
        taken.stream().mapToLong(SnapshotTaken::getFramesHeld).sum());
  }
}
