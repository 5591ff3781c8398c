package io.vnsnap.shell.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class StateFolderTest {
  @TempDir private Path temp;

  @Test
  void shouldBelongToOneNodeAtATime() throws IOException {
    Path root = temp.resolve("state");
    try (StateFolder first = StateFolder.claim(root)) {
      assertThat(first.run()).startsWith(root.toRealPath());
      assertThatThrownBy(() -> StateFolder.claim(root))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("--state");
    }
    try (StateFolder second = StateFolder.claim(root)) {
      assertThat(second.disks()).isDirectory();
    }
  }

  @Test
  void shouldBePrivate() throws IOException {
    Path root = Files.createDirectory(temp.resolve("open"));
    Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));
    try (StateFolder folder = StateFolder.claim(root)) {
      for (Path path : new Path[] {root, folder.run(), folder.disks()}) {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
            .isEqualTo("rwx------");
      }
    }
  }

  @Test
  void shouldNotTakeAFolderOfSomebodyElse() throws IOException {
    Path root = Files.createDirectory(temp.resolve("home"));
    Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.createFile(root.resolve("letters"));

    assertThatThrownBy(() -> StateFolder.claim(root)).hasMessageContaining("chmod 700");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root)))
        .isEqualTo("rwxr-xr-x");
  }

  @Test
  void shouldEndVmsThatAKilledNodeLeftAndNobodyElse() throws Exception {
    try (StateFolder folder = StateFolder.claim(temp.resolve("state"))) {
      Path pid = Files.createDirectories(folder.run().resolve("pair-1/a")).resolve("pid");
      Path disks = Files.createDirectories(folder.disks().resolve("pair-1/a"));
      Files.createFile(disks.resolve("data-0123456789abcdef.qcow2"));
      String padding = "x".repeat(10_000); // more than the JDK tells of a command line
      Process orphan = sleeper(padding, "-pidfile", pid.toString());
      Process editor = sleeper(pid.toString());
      try {
        folder.endOrphans();

        assertThat(orphan.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(editor.isAlive()).isTrue();
        assertThat(folder.run()).isEmptyDirectory();
        assertThat(folder.disks()).isEmptyDirectory();
      } finally {
        orphan.destroyForcibly().waitFor();
        editor.destroyForcibly().waitFor();
      }
    }
  }

  private static Process sleeper(String... words) throws IOException {
    ProcessBuilder builder = new ProcessBuilder("sh", "-c", "read line", "sh");
    builder.command().addAll(java.util.List.of(words));
    return builder.start();
  }
}
