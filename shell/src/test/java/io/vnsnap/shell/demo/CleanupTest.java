package io.vnsnap.shell.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class CleanupTest {
  private final List<String> undone = new ArrayList<>();

  @Test
  void shouldUndoNewestFirstAndOnce() {
    Cleanup cleanup = new Cleanup();
    cleanup.add("first", () -> undone.add("first"));
    cleanup.add("second", () -> undone.add("second"));
    cleanup.close();
    cleanup.close();
    assertThat(undone).containsExactly("second", "first");
    assertThat(cleanup.failures()).isEmpty();
  }

  @Test
  void shouldGoOnAfterAFailureAndTellIt() {
    Cleanup cleanup = new Cleanup();
    cleanup.add("first", () -> undone.add("first"));
    cleanup.add(
        "remove x",
        () -> {
          throw new IOException("busy");
        });
    cleanup.close();
    assertThat(undone).containsExactly("first");
    assertThat(cleanup.failures()).containsExactly("could not remove x: busy");
  }

  @Test
  void shouldUndoAtOnceWhatIsAddedAfterTheEnd() {
    Cleanup cleanup = new Cleanup();
    cleanup.close();
    cleanup.add("late", () -> undone.add("late"));
    assertThat(undone).containsExactly("late");
  }

  @Test
  void shouldMakeAPrivateFolderAndRemoveItWithEverything() throws IOException {
    DemoFolder folder = DemoFolder.create(Path.of("/tmp"));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.path())))
        .isEqualTo("rwx------");
    Files.createDirectories(folder.state("a").resolve("x/y"));
    Files.writeString(folder.state("a").resolve("x/y/z"), "z");
    folder.delete();
    assertThat(folder.path()).doesNotExist();
  }

  @Test
  void shouldKillOnlyProcessesOfItsFolder() throws Exception {
    DemoFolder folder = DemoFolder.create(Path.of("/tmp"));
    Process ours = sleep(folder.path() + "/vm");
    Process ours2 = sleep(folder.path() + "/vm");
    Process other = sleep("/tmp/of-somebody-else/vm");
    try {
      DemoProcesses processes = new DemoProcesses(folder);
      await().until(() -> commandLine(other).contains("somebody"));
      await().until(() -> commandLine(ours).contains(folder.path().toString()));
      await().until(() -> commandLine(ours2).contains(folder.path().toString()));
      assertThat(processes.kill(List.of(ours.pid(), other.pid(), 4_000_000L))).isEqualTo(1);
      assertThat(ours.waitFor()).isEqualTo(137);
      assertThat(processes.killAll()).isEqualTo(1);
      assertThat(ours2.waitFor()).isEqualTo(137);
      assertThat(other.isAlive()).isTrue();
    } finally {
      ours.destroyForcibly();
      ours2.destroyForcibly();
      other.destroyForcibly();
      folder.delete();
    }
  }

  private static String commandLine(Process process) throws IOException {
    return Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"));
  }

  /** A process that has the word in its command line. */
  private static Process sleep(String word) throws IOException {
    return new ProcessBuilder("tail", "-F", word)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
  }
}
