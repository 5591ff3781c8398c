package io.vnsnap.bench.goodput;

import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.bench.Cleanup;
import io.vnsnap.proto.CaptureMode;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * The measurements: with each load windows without and with snapshots in turn, so that what else
 * the machine does falls on both.
 */
final class GoodputRun {
  private static final long BOOT_SECONDS = 120;

  /** Of traffic before the first window. */
  private static final long WARM_UP_SECONDS = 5;

  /** After each window, so that what it did to the streams has been reported. */
  private static final long SETTLE_SECONDS = 3;

  private final Plan plan;
  private final Environment environment;
  private final Path kit;
  private final Cleanup cleanup;
  private final PrintWriter progress;
  private int warmUpsLeft;

  /**
   * What is measured.
   *
   * @param rounds windows of each kind
   * @param windowSeconds length of a window
   * @param everySeconds from one snapshot's order to the next one's; 0: as soon as one is sealed
   * @param warmUps snapshots before the first window, for the JVM's compiler
   * @param mode of all captures
   */
  record Plan(int rounds, int windowSeconds, int everySeconds, int warmUps, CaptureMode mode) {}

  GoodputRun(Plan plan, Environment environment, Path kit, Cleanup cleanup, PrintWriter progress) {
    this.plan = plan;
    this.warmUpsLeft = plan.warmUps();
    this.environment = environment;
    this.kit = kit;
    this.cleanup = cleanup;
    this.progress = progress;
  }

  /** Measures with guests that each send at a rate (bytes per second, or "unlimited"). */
  LoadResult measure(String rate) throws BenchmarkException, InterruptedException {
    environment.up(kit, rate);
    List<GuestLog> guests = new ArrayList<>();
    for (String vm : Environment.VMS) {
      guests.add(environment.console(vm, cleanup));
    }
    for (GuestLog guest : guests) {
      guest.await("stream to the other guest", BOOT_SECONDS, Sample::connected);
    }
    TimeUnit.SECONDS.sleep(WARM_UP_SECONDS);
    warmUp();
    List<Window> without = new ArrayList<>();
    List<Window> with = new ArrayList<>();
    for (int round = 1; round <= plan.rounds(); round++) {
      // Each kind comes first in every second round: a drift of the machine's speed evens out.
      boolean snapshotsFirst = round % 2 == 0;
      Window first = window(guests, snapshotsFirst);
      Window second = window(guests, !snapshotsFirst);
      without.add(snapshotsFirst ? second : first);
      with.add(snapshotsFirst ? first : second);
      tell(rate, round, without.get(round - 1), with.get(round - 1));
    }
    long faults = guests.stream().mapToLong(GoodputRun::faults).sum();
    environment.down();
    return new LoadResult(rate, without, with, faults);
  }

  /** The first dozens of snapshots of a JVM cost more, since its compiler takes part in them. */
  private void warmUp() throws BenchmarkException, InterruptedException {
    for (; warmUpsLeft > 0; warmUpsLeft--) {
      environment.delete(environment.snapshot(plan.mode()));
    }
  }

  private static long faults(GuestLog guest) {
    List<Sample> samples = guest.samples();
    return samples.get(samples.size() - 1).faults();
  }

  private Window window(List<GuestLog> guests, boolean snapshots)
      throws BenchmarkException, InterruptedException {
    long start = System.nanoTime();
    long end = start + TimeUnit.SECONDS.toNanos(plan.windowSeconds());
    List<TakenSnapshot> taken = new ArrayList<>();
    long due = start;
    while (snapshots && due < end) {
      sleepUntil(due);
      taken.add(environment.snapshot(plan.mode()));
      due = Math.max(due + TimeUnit.SECONDS.toNanos(plan.everySeconds()), System.nanoTime());
    }
    sleepUntil(end);
    long ended = System.nanoTime();
    TimeUnit.SECONDS.sleep(SETTLE_SECONDS);
    for (TakenSnapshot snapshot : taken) {
      environment.delete(snapshot);
    }
    return Window.of(
        guests.stream().map(GuestLog::samples).toList(), start, ended, System.nanoTime(), taken);
  }

  private static void sleepUntil(long nanoTime) throws InterruptedException {
    TimeUnit.NANOSECONDS.sleep(nanoTime - System.nanoTime());
  }

  private void tell(String rate, int round, Window without, Window with) {
    progress.printf(
        Locale.ROOT,
        "%s  round %d of %d: %.2f MB/s, with %d snapshots %.2f MB/s%n",
        rate,
        round,
        plan.rounds(),
        without.bytesPerSecond() / 1e6,
        with.snapshots().size(),
        with.bytesPerSecond() / 1e6);
    progress.flush();
  }
}
