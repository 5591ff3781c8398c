package io.vnsnap.bench.pause;

import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.bench.qemu.Console;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;

/**
 * What runs in the guest: a program of the guest kit that fills memory with random bytes and
 * rewrites them page by page.
 *
 * @param kit folder with {@code vmlinuz} and {@code initramfs.gz}
 * @param memoryMib of the guest
 * @param fillMib what the program fills
 * @param dirtyMib what it rewrites per second
 */
public record GuestLoad(Path kit, int memoryMib, int fillMib, int dirtyMib) {
  private static final Duration BOOT_DEADLINE = Duration.ofMinutes(6);
  private static final Duration TICK_DEADLINE = Duration.ofMinutes(1);

  /** Part of the memory that the program fills where it can. */
  private static final double FILLED_PART = 0.6;

  /** What the kernel, the tools and the program's own reserve take of a guest's memory. */
  private static final int OWN_MIB = 72;

  /** Ticks (seconds) of undisturbed work before the next measurement. */
  private static final int REST_TICKS = 2;

  /**
   * A guest that fills what it can of its memory.
   *
   * @throws BenchmarkException if that is nothing, or the kit is not there
   */
  public static GuestLoad of(Path kit, int memoryMib, int dirtyMib) throws BenchmarkException {
    int fill = (int) Math.min(memoryMib * FILLED_PART, memoryMib - OWN_MIB);
    if (fill < 1) {
      throw new BenchmarkException(
          "a guest of %d MiB has nothing to fill; give it at least %d"
              .formatted(memoryMib, OWN_MIB + 8));
    }
    for (String file : new String[] {"vmlinuz", "initramfs.gz"}) {
      if (!Files.isReadable(kit.resolve(file))) {
        throw new BenchmarkException(
            "no %s in %s; set VNSNAP_GUEST to what guest/build prints".formatted(file, kit));
      }
    }
    return new GuestLoad(kit, memoryMib, fill, dirtyMib);
  }

  /**
   * The guest kit that the environment names.
   *
   * @throws BenchmarkException if it names none
   */
  public static Path kitOfEnvironment() throws BenchmarkException {
    String kit = System.getenv("VNSNAP_GUEST");
    if (kit == null) {
      throw new BenchmarkException("set VNSNAP_GUEST to the folder that guest/build prints");
    }
    return Path.of(kit);
  }

  /** Its kernel. */
  public Path kernel() {
    return kit.resolve("vmlinuz");
  }

  /** Its initramfs. */
  public Path initramfs() {
    return kit.resolve("initramfs.gz");
  }

  /** What tells it to fill and rewrite memory. */
  public String kernelCommandLine() {
    return "console=ttyS0 quiet panic=-1 cryptomgr.notests vnsnap.name=bench"
        + " vnsnap.fill=%d vnsnap.dirty=%d".formatted(fillMib, dirtyMib);
  }

  /** Waits until memory is filled and has been rewritten for a while. */
  public void awaitLoaded(Console console) throws BenchmarkException, InterruptedException {
    var unused = console.await(working(), BOOT_DEADLINE);
    awaitRested(console);
  }

  /** Waits until the guest says once more that it works, its memory intact. */
  public void awaitWorking(Console console) throws BenchmarkException, InterruptedException {
    var unused = console.await(working(), TICK_DEADLINE);
  }

  /** Waits until the guest has worked on for a while, its memory intact. */
  public void awaitRested(Console console) throws BenchmarkException, InterruptedException {
    console.forget();
    for (int i = 0; i < REST_TICKS; i++) {
      var unused = console.await(working(), TICK_DEADLINE);
    }
  }

  private Pattern working() {
    return Pattern.compile("VNTRAFFIC-DIRTY .*filled_mib=" + fillMib + " .*memory=ok");
  }
}
