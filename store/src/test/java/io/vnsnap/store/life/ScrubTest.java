package io.vnsnap.store.life;

import static org.assertj.core.api.Assertions.assertThat;

import io.vnsnap.proto.Manifest;
import io.vnsnap.store.life.ScrubReport.Finding;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class ScrubTest {

  private static long[] pages(long from, int count) {
    return LongStream.range(from, from + count).toArray();
  }

  /** Two snapshots that share pages, and one that shares none. */
  private static SmallStore three() throws IOException {
    SmallStore small = new SmallStore();
    small.take("s1", Map.of("a", pages(1, 12)));
    small.take("s2", Map.of("a", pages(1, 12), "b", pages(30, 12)));
    small.take("s3", Map.of("c", pages(60, 12)));
    return small;
  }

  private static List<String> touched(ScrubReport report) {
    List<String> touched = new ArrayList<>();
    report.findings().forEach(finding -> touched.addAll(finding.touched().keySet()));
    return touched;
  }

  private static String first(SmallStore small, String prefix) {
    return small.place.sizes().keySet().stream()
        .filter(name -> name.startsWith(prefix))
        .findFirst()
        .orElseThrow();
  }

  /** The pack that has a snapshot's pages. */
  private static String packOf(SmallStore small, String id) throws IOException {
    List<String> packs = new ArrayList<>();
    try (StoreAccess access = small.access()) {
      Manifest manifest = small.store().manifest(id);
      long map = Long.parseUnsignedLong(manifest.getImages(0).getObject().substring(7), 16);
      var unused =
          io.vnsnap.store.map.MapScan.read(
              small.place,
              map,
              (block, page, pageId, pack, at) -> packs.add("packs/%016x".formatted(pack)));
      assertThat(access.place()).isSameAs(small.place);
    }
    return packs.get(0);
  }

  @Example
  void shouldFindNothingWrong() throws IOException {
    try (SmallStore small = three()) {
      ScrubReport report = small.scrub();
      assertThat(report.findings()).isEmpty();
      assertThat(report.passed()).isTrue();
      assertThat(report.snapshots()).isEqualTo(3);
      assertThat(report.pages()).isGreaterThanOrEqualTo(36);
      assertThat(report.bytes()).isEqualTo(small.place.bytes("packs/"));
    }
  }

  @Example
  void shouldNameTheSnapshotsAndVmsThatADamagedPageTouches() throws IOException {
    try (SmallStore small = three()) {
      small.place.flip(packOf(small, "s1"), 300);
      ScrubReport report = small.scrub();
      assertThat(report.passed()).isFalse();
      assertThat(report.findings()).hasSize(1);
      Finding finding = report.findings().get(0);
      assertThat(finding.what()).contains("damaged pack packs/", "group 0");
      assertThat(finding.touched().keySet())
          .contains("VM a of snapshot s1", "VM a of snapshot s2")
          .doesNotContain("VM c of snapshot s3");
      assertThat(finding.touched().get("VM a of snapshot s1")).isPositive();
    }
  }

  @Example
  void shouldNameWhatALostPackTouches() throws IOException {
    try (SmallStore small = three()) {
      String pack = packOf(small, "s3");
      small.place.lose(pack);
      ScrubReport report = small.scrub();
      assertThat(report.findings())
          .anyMatch(
              finding -> finding.what().contains(pack) && finding.what().contains("is missing"));
      assertThat(touched(report)).contains("VM c of snapshot s3");
    }
  }

  @Example
  void shouldNameWhatADamagedMapManifestOrLogTouches() throws IOException {
    try (SmallStore small = three()) {
      small.place.flip(small.store().manifest("s3").getImages(0).getObject(), 300);
      small.place.flip("snapshots/s1/channels/0.log", 100);
      small.place.flip("snapshots/s2/manifest", 200);
      ScrubReport report = small.scrub();
      assertThat(report.findings()).hasSize(3);
      assertThat(touched(report))
          .containsExactlyInAnyOrder("VM c of snapshot s3", "frames in flight of snapshot s1");
      assertThat(report.findings()).anyMatch(f -> f.what().contains("snapshots/s2/manifest"));
      assertThat(report.onlyIndex()).isFalse();
    }
  }

  @Example
  void shouldRepairTheIndex() throws IOException {
    try (SmallStore small = three()) {
      small.place.lose(first(small, "index/"));
      small.place.flip(first(small, "index/"), 500);
      ScrubReport report = small.scrub();
      assertThat(report.passed()).isFalse();
      assertThat(report.onlyIndex()).isTrue();
      assertThat(touched(report)).isEmpty();
      small.mustBeIntact();
      try (StoreAccess access = small.access()) {
        assertThat(Scrub.run(access, true, (done, all) -> {}).onlyIndex()).isTrue();
      }
      assertThat(small.scrub().findings()).isEmpty();
      small.mustBeIntact();
    }
  }

  @Property(tries = 120)
  void shouldFindAnyByteThatIsAnother(@ForAll Random random) throws IOException {
    try (SmallStore small = three()) {
      List<String> names =
          small.place.sizes().keySet().stream()
              .filter(name -> !name.equals("vnsnap-store"))
              .toList();
      String name = names.get(random.nextInt(names.size()));
      small.place.flip(name, random.nextInt(1 << 20));
      assertThat(small.scrub().passed()).describedAs(name).isFalse();
    }
  }
}
