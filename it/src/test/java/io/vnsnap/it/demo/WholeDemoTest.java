package io.vnsnap.it.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(600)
class WholeDemoTest {
  private static final Duration PATIENCE = Duration.ofMinutes(4);

  private final Path folder;
  private final Path log;
  private final Process demo;

  WholeDemoTest() throws IOException {
    // Short, since the paths of sockets below it must be.
    folder = Files.createTempDirectory(Path.of("/tmp"), "vnd");
    Path temporary = Files.createDirectory(folder.resolve("t"));
    log = folder.resolve("log");
    demo =
        new ProcessBuilder(
                "setsid", // a process group of its own, as a shell gives it
                "env",
                "--default-signal=INT", // ignored in what a shell has put into the background
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Djava.io.tmpdir=" + temporary,
                "-cp",
                System.getProperty("java.class.path"),
                "io.vnsnap.shell.Main",
                "demo",
                "--json",
                folder.resolve("figures.json").toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
  }

  @AfterEach
  void end() throws IOException, InterruptedException {
    demo.destroy();
    if (!demo.waitFor(60, TimeUnit.SECONDS)) {
      demo.destroyForcibly();
    }
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }

  @Test
  void shouldPassAndLeaveNothing() throws Exception {
    assertThat(demo.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).as(said()).isTrue();

    assertThat(demo.exitValue()).as(said()).isZero();
    assertThat(said())
        .contains("PASS")
        .as("the log is in a file")
        .doesNotContainPattern(" (INFO|WARN|ERROR) ");
    JsonNode figures = new ObjectMapper().readTree(folder.resolve("figures.json").toFile());
    assertThat(figures.path("verified").booleanValue()).isTrue();
    assertThat(figures.path("hypervisor").textValue()).isEqualTo("qemu");
    assertThat(figures.path("hosts").intValue()).isEqualTo(2);
    assertThat(figures.path("vms").intValue()).isEqualTo(4);
    for (String none : List.of("lost", "duplicated", "reordered")) {
      assertThat(figures.path(none).isIntegralNumber()).as(none).isTrue();
      assertThat(figures.path(none).longValue()).as(none).isZero();
    }
    assertThat(figures.path("pauseMs").path("max").doubleValue()).isPositive();
    assertThat(figures.path("skewMs").isNumber()).isTrue();
    assertThat(figures.path("imageBytes").longValue()).isGreaterThan(1 << 20);
    assertNothingIsLeft();
  }

  @Test
  void shouldLeaveNothingWhenItIsEnded() throws Exception {
    awaitGuests();

    demo.destroy();

    assertEndsAndLeavesNothing();
  }

  @Test
  void shouldLeaveNothingAfterCtrlC() throws Exception {
    awaitGuests();

    // As a terminal does it: hosts and guests are interrupted too.
    Process kill = new ProcessBuilder("sh", "-c", "kill -s INT -- -" + demo.pid()).start();
    assertThat(kill.waitFor()).isZero();

    assertEndsAndLeavesNothing();
  }

  private void awaitGuests() {
    await().atMost(PATIENCE).until(() -> processes().stream().anyMatch(p -> p.contains("qemu")));
  }

  private void assertEndsAndLeavesNothing() throws Exception {
    assertThat(demo.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(demo.exitValue()).as(said()).isNotZero();
    assertNothingIsLeft();
  }

  private void assertNothingIsLeft() throws IOException {
    assertThat(processes()).isEmpty();
    try (Stream<Path> left = Files.list(folder.resolve("t"))) {
      assertThat(left).as("left in the temporary folder").isEmpty();
    }
  }

  /** Command lines of all processes that have to do with this demo's folder, the demo's own not. */
  private List<String> processes() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc"))) {
      return all.filter(process -> Files.isDirectory(process.resolve("fd")))
          .filter(process -> !process.endsWith(Long.toString(demo.pid())))
          .map(WholeDemoTest::commandLine)
          .filter(line -> line.contains(folder + "/"))
          .toList();
    }
  }

  private static String commandLine(Path process) {
    try {
      return Files.readString(process.resolve("cmdline")).replace('\0', ' ');
    } catch (IOException e) {
      return ""; // it has ended
    }
  }

  private String said() throws IOException {
    return Files.readString(log);
  }
}
