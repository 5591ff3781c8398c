package io.vnsnap.shell.render;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class ScreenTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final PrintStream stream = new PrintStream(out, true, StandardCharsets.UTF_8);

  private String written() {
    return out.toString(StandardCharsets.UTF_8).replace("\u001b", "ESC");
  }

  @Test
  void shouldRedrawOnATerminal() {
    Screen screen = new Screen(stream, true, Style.PLAIN, 20);
    screen.live(List.of("one", "two"), "summary");
    screen.live(List.of("three"), "summary");
    screen.line("stays");
    assertThat(written()).isEqualTo("one\ntwo\nESC[2A\rESC[Jthree\nESC[1A\rESC[Jstays\n");
  }

  @Test
  void shouldWriteEachSummaryOnceElsewhere() {
    Screen screen = new Screen(stream, false, Style.PLAIN, 20);
    screen.live(List.of("one"), "loading");
    screen.live(List.of("two"), "loading");
    screen.live(List.of("three"), "running");
    screen.line("stays");
    assertThat(written()).isEqualTo("loading\nrunning\nstays\n");
  }

  @Test
  void shouldCutWhatWouldWrapButNotItsColours() {
    Screen screen = new Screen(stream, true, new Style(true, true), 20);
    screen.live(List.of(new Style(true, true).good("x".repeat(30)) + "y"), "");
    assertThat(written()).isEqualTo("ESC[32m" + "x".repeat(20) + "ESC[0m\n");
  }

  @Test
  void shouldNotColourWhenStandardOutputIsNoTerminal() {
    Screen screen = Screen.standardOutput(stream, Map.of("TERM", "xterm"));
    if (!Screen.isTerminal(1)) {
      assertThat(screen.style().colour()).isFalse();
      assertThat(screen.interactive()).isFalse();
    }
    assertThat(Screen.standardOutput(stream, Map.of("NO_COLOR", "1")).style().colour()).isFalse();
  }
}
