package io.vnsnap.shell.cli;

import io.vnsnap.shell.render.ProgressBar;
import io.vnsnap.shell.render.Screen;
import io.vnsnap.shell.render.Units;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Shows on a terminal how far something is, a few times a second; elsewhere nothing. Used by one
 * thread.
 */
final class Progress {
  private static final long EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final int BAR_WIDTH = 24;

  private final Screen screen;
  private final String what;
  private final boolean shown;
  private final long begun = System.nanoTime();
  private long last = begun;

  /**
   * Shows nothing yet.
   *
   * @param shown whether there is room for it in the output
   */
  Progress(Screen screen, String what, boolean shown) {
    this.screen = screen;
    this.what = what;
    this.shown = shown && screen.interactive();
  }

  /** So many bytes are done; nobody knows of how many. */
  void at(long bytes) {
    show(Units.bytes(bytes), bytes);
  }

  /** So many bytes of so many are done. */
  void at(long bytes, long all) {
    String bar = ProgressBar.of(all == 0 ? 1 : (double) bytes / all, BAR_WIDTH, screen.style());
    show("%s  %s of %s".formatted(bar, Units.bytes(bytes), Units.bytes(all)), bytes);
  }

  /** Says what is being done. */
  void says(String line) {
    if (shown) {
      screen.live(List.of(what + ": " + line), what);
    }
  }

  private void show(String far, long bytes) {
    long now = System.nanoTime();
    if (shown && now - last >= EVERY_NANOS) {
      last = now;
      double seconds = (now - begun) / 1e9;
      String rate = Units.bytes(Math.round(bytes / seconds)) + "/s";
      screen.live(List.of("%s  %s  %s".formatted(what, far, rate)), what);
    }
  }

  /** Removes what is shown. */
  void end() {
    if (shown) {
      screen.eraseLive();
    }
  }
}
