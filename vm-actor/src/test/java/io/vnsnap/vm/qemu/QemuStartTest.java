package io.vnsnap.vm.qemu;

import static io.vnsnap.vm.qemu.RunningGuests.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import io.vnsnap.vm.HypervisorDescription;
import io.vnsnap.vm.Machine;
import io.vnsnap.vm.MachineSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What happens when QEMU cannot be started, and that it is told in one line. */
@Timeout(60)
class QemuStartTest {
  private RunningGuests guests = new RunningGuests();
  private Path folder;

  @BeforeEach
  void makeFolder() throws Exception {
    folder = guests.newFolder();
  }

  @AfterEach
  void end() throws Exception {
    guests.end();
  }

  private static QemuSettings settings(String... lines) {
    return QemuSettings.from(
        ConfigFactory.parseString("vnsnap.vm.qemu { " + String.join("\n", lines) + " }")
            .withFallback(ConfigFactory.load()));
  }

  private void use(String... lines) throws Exception {
    guests.end();
    guests = new RunningGuests(settings(lines));
    folder = guests.newFolder();
  }

  private MachineSpec spec() {
    return GuestKit.spec(folder, 64, "", List.of());
  }

  private Path script(String body) throws Exception {
    Path script = folder.resolve("fake-qemu");
    Files.writeString(script, "#!/bin/sh\n" + body + "\n");
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    return script;
  }

  private void refused(String reason) {
    MachineSpec spec = spec();
    assertThatThrownBy(() -> get(guests.hypervisor().start(spec)))
        .hasMessageContaining(reason)
        .message()
        .doesNotContain("\n");
    assertThat(Files.exists(spec.folder())).isFalse();
  }

  @Test
  void shouldEndAndLeaveNothingEvenWhereNoThreadIsFree() throws Exception {
    MachineSpec spec = spec();
    QemuMachine machine = guests.boot(spec);
    assertThat(spec.folder()).exists();
    guests.blocking().shutdown();
    get(machine.kill());
    assertThat(spec.folder()).doesNotExist();
  }

  @Test
  void shouldDescribeTheInstalledQemu() throws Exception {
    HypervisorDescription description = get(guests.hypervisor().describe());
    assertThat(description.unusableReason()).isEmpty();
    assertThat(description.version()).matches("\\d+\\.\\d+\\.\\d+");
    assertThat(description.name()).isEqualTo("qemu");
  }

  @Test
  void shouldSayThatQemuIsMissing() throws Exception {
    use("binary = no-such-qemu");
    assertThat(get(guests.hypervisor().describe()).unusableReason())
        .contains("no-such-qemu")
        .contains("qemu-system-x86");
    refused("QEMU cannot be run as no-such-qemu");
  }

  @Test
  void shouldSayThatQemuIsTooOld() throws Exception {
    Path old =
        script(
            "echo '{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 2, \"major\": 5}}}}'");
    QemuSettings settings = settings("binary = \"" + old + "\"");
    HypervisorDescription description = QemuProbe.describe(settings);
    assertThat(description.unusableReason()).contains("QEMU 5.2.0 is too old: 7.2");
    assertThat(description.version()).isEqualTo("5.2.0");
  }

  @Test
  void shouldSayThatItIsNotQemuAtAll() throws Exception {
    QemuSettings settings = settings("binary = \"" + script("echo usage: something else") + "\"");
    assertThat(QemuProbe.describe(settings).unusableReason())
        .contains("does not behave as QEMU: usage: something else");
  }

  @Test
  void shouldBeUsableForCapturesInRoundsWhereWriteProtectionIsNotPermitted() {
    HypervisorDescription description =
        QemuProbe.judge(
            GuestKit.settings(),
            """
            {"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}}}}
            {"return": {}}
            {"id": "captures", "error": {"class": "GenericError", "desc": "not supported by host"}}
            {"return": {}}
            """);
    assertThat(description.usable()).isTrue();
    assertThat(description.unusableReason()).isEmpty();
  }

  @Test
  void shouldPassOnQemusOwnWordsWhenItDiesAtStart() throws Exception {
    use("machine = nonsense");
    refused("unsupported machine type");
  }

  @Test
  void shouldSayHowAQemuWithoutWordsEnded() throws Exception {
    use("binary = \"/bin/false\"");
    refused("QEMU ended with status 1");
  }

  @Test
  void shouldKillAQemuThatDoesNotAnswer() throws Exception {
    Path mute = script("exec sleep 60");
    guests = new RunningGuests(settings("start-timeout = 300ms", "binary = \"" + mute + "\""));
    refused("no control of QEMU");
  }

  @Test
  void shouldNameAFileThatIsMissing() {
    MachineSpec spec =
        new MachineSpec(
            "vm",
            folder.resolve("vm"),
            folder.resolve("disks"),
            64,
            1,
            new MachineSpec.Boot(folder.resolve("vmlinuz"), null, ""),
            List.of(),
            List.of());
    assertThatThrownBy(() -> get(guests.hypervisor().start(spec)))
        .hasMessageContaining("kernel")
        .hasMessageContaining("does not exist");
  }

  @Test
  void shouldStayPausedUntilResumedAndLeaveNothingBehind() throws Exception {
    MachineSpec spec = spec();
    Machine machine = guests.boot(spec);
    assertThat(machine.pid()).isPositive();
    assertThat(machine.hypervisorVersion()).matches("\\d+\\.\\d+\\.\\d+");
    assertThat(Files.exists(machine.consoleSocket())).isTrue();
    get(machine.shutdown());
    assertThat(get(machine.exited())).isEqualTo("QEMU ended with status 0");
    assertThat(ProcessHandle.of(machine.pid())).isEmpty();
    assertThat(Files.exists(spec.folder())).isFalse();
    get(machine.shutdown());
  }

  @Test
  void shouldTakeTheFolderThatAnEarlierLifeLeft() throws Exception {
    Files.createDirectory(folder.resolve("vm"));
    Files.writeString(folder.resolve("vm").resolve("qmp"), "left over");
    Machine machine = guests.boot(spec());
    assertThat(Files.getPosixFilePermissions(folder.resolve("vm")))
        .isEqualTo(PosixFilePermissions.fromString("rwx------"));
    assertThat(get(machine.resume())).isPositive();
  }
}
