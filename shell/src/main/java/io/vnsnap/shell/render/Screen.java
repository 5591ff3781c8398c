package io.vnsnap.shell.render;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Scanner;
import java.util.concurrent.TimeUnit;

/**
 * Where output goes: a terminal, on which the last lines may be redrawn, or anything else, which
 * gets plain lines. For use by one thread.
 */
public final class Screen {
  private static final int DEFAULT_WIDTH = 80;
  private static final int MIN_WIDTH = 20;
  private static final long STTY_DEADLINE_MS = 500;

  private final PrintStream out;
  private final boolean interactive;
  private final Style style;
  private final int width;
  private int liveLines;
  private String lastSummary = "";

  /**
   * A screen as described.
   *
   * @param interactive lines may be redrawn
   * @param width columns; longer lines are cut while they may be redrawn
   */
  public Screen(PrintStream out, boolean interactive, Style style, int width) {
    this.out = out;
    this.interactive = interactive;
    this.style = style;
    this.width = Math.max(width, MIN_WIDTH);
  }

  /**
   * The process's standard output, as it is: redrawn and coloured only if it is a terminal,
   * coloured only if {@code NO_COLOR} is not set and {@code TERM} is not {@code dumb}.
   */
  public static Screen standardOutput(PrintStream out, Map<String, String> environment) {
    boolean terminal = isTerminal(1) && !environment.getOrDefault("TERM", "dumb").equals("dumb");
    boolean colour = terminal && environment.getOrDefault("NO_COLOR", "").isEmpty();
    Charset charset = out.charset();
    boolean unicode = charset.equals(StandardCharsets.UTF_8);
    return new Screen(
        out, terminal, new Style(colour, unicode), terminal ? terminalWidth() : DEFAULT_WIDTH);
  }

  /** Whether a descriptor of this process is a terminal. */
  public static boolean isTerminal(int descriptor) {
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
      return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
    } catch (IOException e) {
      return false; // closed, or no /proc: not something to draw on
    }
  }

  private static int terminalWidth() {
    try {
      Process stty =
          new ProcessBuilder("stty", "size")
              .redirectInput(Path.of("/dev/tty").toFile())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      try (Scanner size = new Scanner(stty.getInputStream(), StandardCharsets.US_ASCII)) {
        int columns =
            size.hasNextInt() && size.nextInt() >= 0 && size.hasNextInt() ? size.nextInt() : 0;
        return columns > 0 ? columns : DEFAULT_WIDTH;
      } finally {
        if (!stty.waitFor(STTY_DEADLINE_MS, TimeUnit.MILLISECONDS)) {
          stty.destroyForcibly();
        }
      }
    } catch (IOException e) {
      return DEFAULT_WIDTH;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return DEFAULT_WIDTH;
    }
  }

  /** How text may look here. */
  public Style style() {
    return style;
  }

  /** Whether lines may be redrawn. */
  public boolean interactive() {
    return interactive;
  }

  /** Writes a line that stays, above the live lines if there are any. */
  public void line(String text) {
    eraseLive();
    out.println(text);
    out.flush();
  }

  /** Writes lines that stay. */
  public void lines(List<String> lines) {
    lines.forEach(this::line);
  }

  /**
   * Shows how far something is.
   *
   * @param lines drawn in place of the live lines of before, if the screen is a terminal
   * @param summary written as a line that stays, if it is not one and the summary is another than
   *     before
   */
  public void live(List<String> lines, String summary) {
    if (!interactive) {
      if (!summary.equals(lastSummary)) {
        lastSummary = summary;
        out.println(summary);
        out.flush();
      }
      return;
    }
    StringBuilder text = new StringBuilder(eraseSequence());
    lines.forEach(line -> text.append(clip(line)).append('\n'));
    liveLines = lines.size();
    out.print(text);
    out.flush();
  }

  /** Lets the live lines stay as they are. */
  public void keepLive() {
    liveLines = 0;
    lastSummary = "";
  }

  /** Removes the live lines. */
  public void eraseLive() {
    out.print(eraseSequence());
    liveLines = 0;
    lastSummary = "";
  }

  private String eraseSequence() {
    return liveLines == 0 ? "" : "\u001b[" + liveLines + "A\r\u001b[J";
  }

  /** Cuts a line to the width, so that it does not wrap; escape sequences take no room. */
  private String clip(String line) {
    StringBuilder kept = new StringBuilder();
    int column = 0;
    int i = 0;
    while (i < line.length()) {
      int c = line.codePointAt(i);
      if (c == 0x1b) {
        int end = line.indexOf('m', i);
        int next = end < 0 ? line.length() : end + 1;
        kept.append(line, i, next);
        i = next;
        continue;
      }
      if (column < width) {
        kept.appendCodePoint(c);
        column++;
      }
      i += Character.charCount(c);
    }
    return kept.toString();
  }
}
