package io.vnsnap.shell.cli;

import io.vnsnap.shell.render.Screen;
import java.io.Writer;

/** Picocli's help goes line by line to the screen. */
final class ScreenWriter extends Writer {
  private final Screen screen;
  private final StringBuilder line = new StringBuilder();

  ScreenWriter(Screen screen) {
    this.screen = screen;
  }

  @Override
  public void write(char[] chars, int offset, int length) {
    for (int i = offset; i < offset + length; i++) {
      if (chars[i] == '\n') {
        screen.line(line.toString());
        line.setLength(0);
      } else {
        line.append(chars[i]);
      }
    }
  }

  @Override
  public void flush() {
    // lines are written as they end
  }

  @Override
  public void close() {
    if (!line.isEmpty()) {
      screen.line(line.toString());
      line.setLength(0);
    }
  }
}
