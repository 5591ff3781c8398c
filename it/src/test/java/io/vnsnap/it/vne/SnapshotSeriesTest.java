package io.vnsnap.it.vne;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vnsnap.proto.Phase;
import io.vnsnap.proto.Shape;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/**
 * Every frame accounted for: two guests on two hosts send each other numbered datagrams, streams,
 * echo requests and ARP requests over a link of 50 ms while snapshots are taken one after another.
 * There are two guests and not more so that each of a guest's counters is that of one stream: one
 * that stands still cannot hide behind another.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(900)
class SnapshotSeriesTest {
  private static final Duration EVERY = Duration.ofSeconds(2);
  private static final Duration TIME = Duration.ofMinutes(1);

  /** A machine that is too busy for one every two seconds must come to this many all the same. */
  private static final int SNAPSHOTS = 15;

  /** Where the VMs of each snapshot that is restored run then, vm1 and vm2. */
  private static final List<List<String>> PLACES =
      List.of(
          List.of("a", "b"),
          List.of("b", "a"),
          List.of("b", "b"),
          List.of("a", "a"),
          List.of("a", "b"));

  private static final int DELAY_US = 50_000;
  private static final int SECONDS_AFTER = 4;

  /**
   * Reports, one a second, that a console may miss right after a restore on a busy machine. The
   * snapshots that are kept are ordered about 12 s apart.
   */
  private static final int UNSEEN_REPORTS = 8;

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Lab lab;
  private List<SnapshotSeries.Kept> kept = List.of();

  SnapshotSeriesTest() throws Exception {
    lab = Lab.start();
  }

  @BeforeAll
  void boot() {
    assertThat(
            lab.up(TwoGuests.topology(Shape.newBuilder().setDelayUs(DELAY_US).build())).getPhase())
        .isEqualTo(Phase.RUNNING);
  }

  @AfterAll
  void end() throws IOException {
    lab.close();
  }

  /** Attaches to both consoles anew. */
  private Map<String, Guest> guests() {
    Map<String, Guest> guests = new LinkedHashMap<>();
    List.of("vm1", "vm2").forEach(vm -> guests.put(vm, lab.guest(vm)));
    return guests;
  }

  @Test
  @Order(1)
  void shouldLoseDoubleAndReorderNothingInTheWorldThatGoesOn() throws IOException {
    Map<String, Guest> guests = guests();
    assertExactTraffic(guests, 2);
    SnapshotSeries series = new SnapshotSeries(lab, guests);

    series.take(EVERY, TIME, SNAPSHOTS, PLACES.size());

    assertExactTraffic(guests, SECONDS_AFTER);
    System.out.println(series.figures());
    guests.forEach((vm, guest) -> System.out.println(vm + " reports " + guest.report()));
    assertThat(series.recorded())
        .as("in flight at one cut or another")
        .containsExactlyInAnyOrder(Traffic.values());
    kept = series.kept();
  }

  @Test
  @Order(2)
  void shouldLoseDoubleAndReorderNothingInRestoredWorlds() {
    assertThat(kept).hasSameSizeAs(PLACES);
    for (int i = 0; i < kept.size(); i++) {
      SnapshotSeries.Kept snapshot = kept.get(i);
      lab.restore(
          snapshot.manifest(), Map.of("vm1", PLACES.get(i).get(0), "vm2", PLACES.get(i).get(1)));
      Map<String, Guest> guests = guests();
      assertExactTraffic(guests, SECONDS_AFTER);
      guests.forEach((vm, guest) ->
          assertGoesOn(
              guest,
              snapshot.before().getOrDefault(vm, Map.of()),
              snapshot.after().getOrDefault(vm, Map.of())));
      guests.values().forEach(Guest::close);
    }
  }

  /** All kinds of traffic go on, and by the guests' own count nothing ever went wrong. */
  private static void assertExactTraffic(Map<String, Guest> guests, int seconds) {
    guests.forEach((vm, guest) -> {
      await(vm + " reports").atMost(PATIENCE).until(() -> !guest.report().isEmpty());
      Map<String, String> before = guest.report();
      guest.awaitTraffic(seconds);
      for (Traffic kind : Traffic.values()) {
        await("%s of %s flows".formatted(kind, vm))
            .atMost(PATIENCE)
            .until(() -> guest.count(kind.received()) > Guest.count(before, kind.received()));
      }
    });
    guests.values().forEach(Guest::assertExact);
  }

  private static void assertGoesOn(
      Guest guest, Map<String, String> before, Map<String, String> after) {
    Map<String, String> first = guest.firstReport();
    assertThat(Guest.count(first, "tick"))
        .as("first report after the restore")
        .isGreaterThan(Guest.count(before, "tick"))
        .isLessThanOrEqualTo(Guest.count(after, "tick") + 1 + UNSEEN_REPORTS);
    for (Traffic kind : Traffic.values()) {
      assertThat(Guest.count(first, kind.received()))
          .as("%s goes on from the cut", kind)
          .isGreaterThanOrEqualTo(Guest.count(before, kind.received()));
    }
  }
}
