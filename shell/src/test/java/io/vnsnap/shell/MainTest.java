package io.vnsnap.shell;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class MainTest {

  @Test
  void shouldTouchNeitherActorsNorEventLoopsNorLoggingInACommandThatAsks()
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xlog:class+load:stdout",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "hosts",
                "--socket=/nowhere/a.sock")
            .redirectErrorStream(true)
            .start();
    try {
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(1);
      assertThat(output)
          .contains("vnsnap: no node has its control socket at /nowhere/a.sock")
          .contains("io.vnsnap.shell.control.ControlClient");
      for (String unwanted :
          List.of(
              " akka.", " scala.", " io.netty.", " org.slf4j.", " org.jline.", " com.fasterxml.")) {
        assertThat(output.lines().filter(line -> line.contains(unwanted))).isEmpty();
      }
    } finally {
      process.destroyForcibly();
    }
  }
}
