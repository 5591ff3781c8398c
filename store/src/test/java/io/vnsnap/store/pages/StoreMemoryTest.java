package io.vnsnap.store.pages;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How much memory outside the heap a store takes. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class StoreMemoryTest {
  private static final long MIB = 1L << 20;
  private static final StoreSettings DEFAULTS = StoreSettings.defaults("host-a");

  @Test
  void shouldTakeAPartOfWhatAJvmMayTake() {
    StoreSettings fitting = DEFAULTS.within(256 * MIB);

    assertThat(fitting.stageBytes()).isEqualTo(64 * MIB);
    assertThat(fitting.stagingBytes()).isEqualTo(64 * MIB);
    assertThat(fitting.historyBytes()).isEqualTo(64 * MIB);
    assertThat(fitting.indexBytes()).isEqualTo(32 * MIB);
    assertThat(fitting.cacheBytes()).isEqualTo(DEFAULTS.cacheBytes());
    assertThat(DEFAULTS.within(1024 * MIB)).isEqualTo(DEFAULTS);
  }

  @Test
  void shouldStageMoreThanItsJvmMayTake(@TempDir Path folder) throws Exception {
    Process process = littleMemory(folder.resolve("store"));
    try {
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      assertThat(process.waitFor()).as(output).isZero();
    } finally {
      process.destroyForcibly();
    }
  }

  private static Process littleMemory(Path store) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx128m",
            "-XX:MaxDirectMemorySize=%dm".formatted(LittleMemory.DIRECT_MIB),
            "-cp",
            System.getProperty("java.class.path"),
            LittleMemory.class.getName(),
            store.toString())
        .redirectErrorStream(true)
        .start();
  }
}
