package io.vnsnap.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class LauncherTest {
  private static final String INSTALLS_MAVEN =
      "apt-get install -y -q --no-install-recommends maven";

  private final FakeMachine machine;

  LauncherTest(@TempDir Path folder) throws IOException {
    machine = new FakeMachine(folder);
  }

  @Test
  void shouldAskAUserAndInstallMavenWithSudoBeforeItBuilds() throws Exception {
    FakeMachine.Run run = machine.asUser().typing("y").launch("build");
    assertThat(run.status()).as(run.output()).isZero();
    assertThat(run.output())
        .contains("vnsnap needs the Debian packages maven. Install them with sudo apt-get? [y/N]");
    assertThat(machine.calls())
        .anyMatch(call -> call.startsWith("sudo ") && call.endsWith(INSTALLS_MAVEN))
        .anyMatch(call -> call.startsWith("mvn ") && call.contains("-pl shell -am"));
  }

  @Test
  void shouldSayWhatToInstallWhereTheUserSaysNo() throws Exception {
    FakeMachine.Run run = machine.asUser().typing("n").launch("build");
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.output()).contains("not installed. Do it yourself: sudo apt-get install maven");
    assertThat(machine.calls()).noneMatch(call -> call.startsWith("sudo "));
  }

  @Test
  void shouldSayWhatToInstallWhereNobodyCanBeAsked() throws Exception {
    FakeMachine.Run run = machine.asUser().launch("build");
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.output())
        .contains(
            "these Debian packages are missing: maven. Install them: sudo apt-get install maven");
    assertThat(machine.calls()).noneMatch(call -> call.startsWith("sudo "));
  }

  @Test
  void shouldInstallMavenWithoutAQuestionAsRoot() throws Exception {
    FakeMachine.Run run = machine.launch("build");
    assertThat(run.status()).as(run.output()).isZero();
    assertThat(machine.calls())
        .contains(INSTALLS_MAVEN)
        .noneMatch(call -> call.startsWith("sudo "));
  }

  @ParameterizedTest
  @ValueSource(strings = {"--help", "-h"})
  void shouldListItsOwnCommandsAfterThoseOfTheProgram(String option) throws Exception {
    machine.installMaven();
    FakeMachine.Run run = machine.launch(option);
    assertThat(run.status()).as(run.output()).isZero();
    assertThat(run.output().substring(run.output().indexOf("the program's own help")).lines())
        .filteredOn(line -> line.startsWith("  "))
        .extracting(line -> line.strip().replaceFirst(" .*", ""))
        .containsExactly("test", "build", "bench", "simulate", "guest");
    assertThat(machine.calls())
        .anyMatch(
            call -> call.startsWith("java ") && call.endsWith("io.vnsnap.shell.Main " + option));
  }

  @ParameterizedTest
  @ValueSource(strings = {"test --help", "build -h"})
  void shouldBuildNothingToHelpWithItsOwnCommands(String line) throws Exception {
    FakeMachine.Run run = machine.launch(line.split(" "));
    assertThat(run.status()).as(run.output()).isZero();
    assertThat(run.output()).contains("Commands of the launcher:");
    assertThat(machine.calls()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--version",
        "-V",
        "test --version",
        "simulate --version",
        "bench store --version",
        "demo --simulated --version"
      })
  void shouldSayItsVersionAndDoNothingElse(String line) throws Exception {
    FakeMachine.Run run = machine.launch(line.split(" "));
    assertThat(run.status()).as(run.output()).isZero();
    assertThat(run.output().strip()).matches("vnsnap \\d+\\.\\d+\\.\\S+( \\([0-9a-f]+\\))?");
    assertThat(machine.calls()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"bench --help", "bench pause --help", "bench"})
  void shouldInstallNoPackagesAndBuildNoGuestToHelpWithABenchmark(String line) throws Exception {
    machine.installMaven();
    FakeMachine.Run run = machine.launch(line.split(" "));
    assertThat(run.status()).as(run.output()).isZero();
    assertThat(machine.calls())
        .anyMatch(call -> call.contains("io.vnsnap.bench.Main"))
        .noneMatch(call -> call.startsWith("apt-get ") || call.startsWith("guest/build"));
  }

  @Test
  void shouldInstallPackagesAndBuildTheGuestForABenchmarkThatNeedsThem() throws Exception {
    machine.installMaven();
    FakeMachine.Run run = machine.launch("bench", "pause");
    assertThat(run.status()).as(run.output()).isZero();
    assertThat(machine.calls())
        .anyMatch(call -> call.startsWith("apt-get install ") && call.contains("qemu-system-x86"))
        .anyMatch(call -> call.startsWith("guest/build"))
        .anyMatch(call -> call.contains("io.vnsnap.bench.Main pause"));
  }

  @Test
  void shouldInstallNothingWhereMavenIs() throws Exception {
    machine.installMaven();
    FakeMachine.Run run = machine.asUser().launch("build");
    assertThat(run.status()).as(run.output()).isZero();
    assertThat(machine.calls())
        .anyMatch(call -> call.startsWith("mvn "))
        .noneMatch(call -> call.contains("apt-get"));
  }
}
