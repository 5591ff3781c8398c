package io.vnsnap.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

@Timeout(value = 10, unit = TimeUnit.MINUTES)
class SimulateCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    CommandLine command = Main.commandLine();
    command.setOut(new PrintWriter(out, true));
    command.setErr(new PrintWriter(err, true));
    return command.execute(arguments);
  }

  @Test
  void shouldSayHowFastItWasAndWhatHappened() {
    assertThat(run("--seeds", "1..3")).isZero();
    assertThat(out.toString())
        .contains("seeds 1..3: 3 run", "seeds/s, 0 failed", "snapshots sealed", "VMs lost");
  }

  @Test
  void shouldSayWhatWasRunWhenItIsInterrupted() throws IOException {
    Process process =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "--seeds",
                "1..1000000")
            .redirectErrorStream(true)
            .start();
    try (BufferedReader reader = process.inputReader()) {
      String progress = reader.readLine();
      while (progress != null && !progress.startsWith("seed ")) {
        progress = reader.readLine();
      }
      process.toHandle().destroy(); // Process.destroy would close its output
      assertThat(reader.lines())
          .anyMatch(line -> line.startsWith("seeds 1..1000000: "))
          .anyMatch(line -> line.matches("interrupted; what is left: --seeds \\d+\\.\\.1000000"));
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void shouldPrintTheTraceOfASeed() {
    assertThat(run("--seeds", "3", "--trace")).isZero();
    assertThat(out.toString()).contains("c.1", "starts", "client asks: up", "gets order");
  }

  @ParameterizedTest
  @CsvSource({
    "5..1, is no range of seeds: write A..B",
    "x, is no range of seeds: write A..B",
    "1..2..3, is no range of seeds: write A..B",
    "-1..3, is no range of seeds: write A..B"
  })
  void shouldRefuseWhatIsNoRange(String seeds, String advice) {
    assertThat(run("--seeds=" + seeds)).isEqualTo(2);
    assertThat(err.toString()).contains(advice);
  }

  @Test
  void shouldTraceOneSeedOnly() {
    assertThat(run("--seeds", "1..2", "--trace")).isEqualTo(2);
    assertThat(err.toString()).contains("--trace is for one seed: write --seeds 1");
  }

  @Test
  void shouldNameTheMutationsThereAre() {
    assertThat(run("--seeds", "1", "--mutation", "none")).isEqualTo(2);
    assertThat(err.toString()).contains("there is no mutation \"none\"", "forget-to-hold");
  }
}
