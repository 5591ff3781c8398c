package io.vnsnap.shell.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class QemuOnThisMachineTest {
  private static final String BINARY = "vnsnap.vm.qemu.binary";

  @TempDir private Path folder;

  private void use(String binary) {
    System.setProperty(BINARY, binary);
    ConfigFactory.invalidateCaches();
  }

  @AfterEach
  void useTheDefault() {
    System.clearProperty(BINARY);
    ConfigFactory.invalidateCaches();
  }

  /** Answers as QEMU does to a user who may not track writes. */
  private Path refusing() throws Exception {
    Path qemu = folder.resolve("qemu");
    Files.writeString(
        qemu,
        """
        #!/bin/sh
        cat > /dev/null
        echo '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}}}}'
        echo '{"return": {}}'
        echo '{"id": "captures", "error": {"class": "GenericError", "desc": "not permitted"}}'
        """);
    assertThat(qemu.toFile().setExecutable(true)).isTrue();
    return qemu;
  }

  @Test
  void shouldBeUsableByWhoeverCanCaptureInRoundsOnly() throws Exception {
    use(refusing().toString());
    assertThat(QemuOnThisMachine.whyUnusable()).isEmpty();
  }

  @Test
  void shouldSayThatThereIsNone() {
    use("/nowhere/qemu");
    assertThat(QemuOnThisMachine.whyUnusable())
        .startsWith("QEMU cannot be run as /nowhere/qemu (Debian package qemu-system-x86)");
  }
}
