package io.vnsnap.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

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
