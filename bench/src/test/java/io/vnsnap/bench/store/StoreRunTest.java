package io.vnsnap.bench.store;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class StoreRunTest {
  private static final int PAGES = 8000;

  @TempDir private Path folder;

  @Test
  void shouldMakeTheSameImageOfTheSameSeed() throws IOException {
    SyntheticImage image = new SyntheticImage(1, PAGES);
    Path first = folder.resolve("first");
    image.write(first);
    Path again = folder.resolve("again");
    image.write(again);
    assertThat(Files.mismatch(first, again)).isNegative();
    assertThat(Files.size(first)).isEqualTo((long) PAGES * SyntheticImage.PAGE);
    byte[] content = Files.readAllBytes(first);
    int zero = 0;
    for (int at = 0; at < content.length; at += SyntheticImage.PAGE) {
      byte[] none = new byte[SyntheticImage.PAGE];
      if (Arrays.equals(content, at, at + none.length, none, 0, none.length)) {
        zero++;
      }
    }
    assertThat(zero / (double) PAGES).isBetween(0.3, 0.5);
  }

  @Test
  void shouldChangeOnlyAPartOfThePages() throws IOException {
    SyntheticImage image = new SyntheticImage(1, PAGES);
    Path first = folder.resolve("first");
    image.write(first);
    Path second = folder.resolve("second");
    image.writeChanged(first, second, 0.02);
    byte[] before = Files.readAllBytes(first);
    byte[] after = Files.readAllBytes(second);
    assertThat(after).hasSameSizeAs(before);
    int changed = 0;
    for (int at = 0; at < before.length; at += SyntheticImage.PAGE) {
      int end = at + SyntheticImage.PAGE;
      if (!Arrays.equals(before, at, end, after, at, end)) {
        changed++;
      }
    }
    assertThat(changed / (double) PAGES).isBetween(0.01, 0.03);
  }

  @Test
  void shouldStoreAndReadAnImageAndASecondOne() throws IOException {
    SyntheticImage image = new SyntheticImage(1, PAGES);
    Path first = folder.resolve("first");
    image.write(first);
    Path second = folder.resolve("second");
    image.writeChanged(first, second, 0.02);
    try (OurStore store = new OurStore(folder.resolve("store"))) {
      OurStore.Stored stored = store.write("first", first);
      OurStore.Stored changed = store.write("second", second);
      assertThat(stored.measured().storedBytes()).isBetween(1L << 20, 20L << 20);
      assertThat(changed.measured().storedBytes()).isLessThan(stored.measured().storedBytes() / 20);
      assertThat(store.read(changed.image()).storedBytes()).isGreaterThan(PAGES / 2L * 4096);
    }
  }

  @Test
  void shouldCompareWithZstdAndTheSecondWithTheFirst() {
    Map<Way, Measured> ways = new EnumMap<>(Way.class);
    for (Way way : Way.values()) {
      ways.put(way, new Measured(1, 2, 1000));
    }
    ways.put(Way.STORE, new Measured(0.5, 1, 800));
    ways.put(Way.STORE_SECOND, new Measured(0.05, 0.1, 16));
    StoreReport report = new StoreReport(2_000_000, 3, ways, new StoreReport.Memory(100, 250), 0.1);
    ObjectNode json = report.json();
    assertThat(json.at("/store/megabytesPerSecond").doubleValue()).isEqualTo(4);
    assertThat(json.at("/ingestToZstd").doubleValue()).isEqualTo(2);
    assertThat(json.at("/bytesToZstd").doubleValue()).isEqualTo(0.8);
    assertThat(json.at("/secondTime").doubleValue()).isEqualTo(0.1);
    assertThat(json.at("/secondBytes").doubleValue()).isEqualTo(0.02);
    StringWriter text = new StringWriter();
    report.print(new PrintWriter(text));
    assertThat(text.toString()).contains("10.0 % of the time, 2.00 % of the bytes");
    assertThat(
            Measured.median(
                    List.of(new Measured(3, 0, 0), new Measured(1, 0, 0), new Measured(2, 0, 0)))
                .seconds())
        .isEqualTo(2);
  }
}
