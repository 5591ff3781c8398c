package io.vnsnap.bench.store;

import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.bench.Cleanup;
import io.vnsnap.store.pages.WarmUp;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Stores the same image by each way in turn, as often as wanted. */
final class StoreRun {
  /** The second image differs from the first in so many of its pages. */
  private static final double CHANGED = 0.02;

  private static final long SEED = 20261128;

  private final int rounds;
  private final SyntheticImage image;
  private final PrintWriter progress;
  private final Map<Way, List<Measured>> all = new EnumMap<>(Way.class);
  private double heapMib;
  private double offHeapMib;
  private double stalledSeconds;

  StoreRun(int rounds, int mib, PrintWriter progress) {
    this.rounds = rounds;
    this.image = new SyntheticImage(SEED, mib * ((1 << 20) / SyntheticImage.PAGE));
    this.progress = progress;
  }

  StoreReport measure(Cleanup cleanup)
      throws BenchmarkException, IOException, InterruptedException {
    Path folder = cleanup.temporaryFolder("vnsnap-bench");
    Path first = folder.resolve("first");
    Path second = folder.resolve("second");
    progress.println("bench: making the images");
    progress.flush();
    image.write(first);
    image.writeChanged(first, second, CHANGED);
    WarmUp.run();
    for (int round = 1; round <= rounds; round++) {
      progress.printf("bench: round %d of %d%n", round, rounds);
      progress.flush();
      others(folder, first);
      ours(folder.resolve("store" + round), first, second);
    }
    Map<Way, Measured> medians = new EnumMap<>(Way.class);
    all.forEach((way, measured) -> medians.put(way, Measured.median(measured)));
    long bytes = (long) image.pages() * SyntheticImage.PAGE;
    return new StoreReport(
        bytes, rounds, medians, new StoreReport.Memory(heapMib, offHeapMib), stalledSeconds);
  }

  private void others(Path folder, Path first)
      throws BenchmarkException, IOException, InterruptedException {
    Path copy = folder.resolve("copy");
    Path packed = folder.resolve("packed");
    add(Way.CAT, Shell.run("cat \"$1\" > \"$2\" && sync \"$2\"", first, copy));
    add(Way.CAT_BACK, Shell.run("cat \"$1\" > /dev/null", copy, folder.resolve("none")));
    Files.delete(copy);
    add(Way.ZSTD, Shell.run("zstd -q -1 -T2 -c \"$1\" > \"$2\" && sync \"$2\"", first, packed));
    add(Way.ZSTD_BACK, Shell.run("zstd -q -d -c \"$1\" > /dev/null", packed, folder.resolve("no")));
    Files.delete(packed);
  }

  private void ours(Path folder, Path first, Path second) throws IOException {
    try (MemoryPeak memory = new MemoryPeak();
        OurStore store = new OurStore(folder)) {
      OurStore.Stored stored = store.write("first", first);
      add(Way.STORE, stored.measured());
      stalledSeconds = Math.max(stalledSeconds, store.stalledSeconds());
      add(Way.STORE_BACK, store.read(stored.image()));
      OurStore.Stored changed = store.write("second", second);
      add(Way.STORE_SECOND, changed.measured());
      add(Way.STORE_SECOND_BACK, store.read(changed.image()));
      heapMib = Math.max(heapMib, memory.heapMib());
      offHeapMib = Math.max(offHeapMib, memory.offHeapMib());
    }
  }

  private void add(Way way, Measured measured) {
    all.computeIfAbsent(way, w -> new ArrayList<>()).add(measured);
  }
}
