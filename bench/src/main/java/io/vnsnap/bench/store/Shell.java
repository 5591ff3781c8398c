package io.vnsnap.bench.store;

import io.vnsnap.bench.BenchmarkException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Runs commands to be compared with, with their processor time. */
final class Shell {
  private static final long LIMIT_SECONDS = 600;

  private Shell() {}

  /**
   * Runs a command with an input and an output file.
   *
   * @param script for bash; {@code $1} is the input, {@code $2} the output
   */
  static Measured run(String script, Path input, Path output)
      throws BenchmarkException, IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                "bash",
                "-c",
                "TIMEFORMAT='%R %U %S'; time { " + script + "; }",
                "bash",
                input.toString(),
                output.toString())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    String said = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new BenchmarkException("'" + script + "' failed: " + said.strip());
    }
    String[] times = said.strip().substring(said.strip().lastIndexOf('\n') + 1).split(" ", -1);
    return new Measured(
        Double.parseDouble(times[0]),
        Double.parseDouble(times[1]) + Double.parseDouble(times[2]),
        Files.exists(output) ? Files.size(output) : 0);
  }
}
