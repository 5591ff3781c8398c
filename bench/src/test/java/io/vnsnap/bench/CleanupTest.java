package io.vnsnap.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
class CleanupTest {
  private final List<String> done = new ArrayList<>();

  @Test
  void shouldUndoInReverseOrderOnceWhateverFails() {
    Cleanup cleanup = new Cleanup();
    cleanup.add(() -> done.add("first"));
    cleanup.add(() -> {
      throw new IllegalStateException("a step that fails");
    });
    cleanup.add(() -> done.add("last"));
    cleanup.close();
    cleanup.close();
    assertThat(done).containsExactly("last", "first");
  }

  @Test
  void shouldUndoAtOnceWhatComesTooLate() {
    Cleanup cleanup = new Cleanup();
    cleanup.close();
    cleanup.add(() -> done.add("late"));
    assertThat(done).containsExactly("late");
  }

  @Test
  void shouldRemoveATemporaryFolderWithAllItHolds() throws IOException {
    Path folder;
    try (Cleanup cleanup = new Cleanup()) {
      folder = cleanup.temporaryFolder("vnsnap-bench-test");
      Files.writeString(Files.createDirectory(folder.resolve("inner")).resolve("file"), "x");
    }
    assertThat(folder).doesNotExist();
  }
}
