package io.vnsnap.shell.render;

/** Text from elsewhere, made fit for a terminal. */
public final class Plain {
  private Plain() {}

  /** On one line and without control characters. */
  public static String line(String text) {
    return text.strip().replaceAll("\\R", " ").replaceAll("\\p{Cntrl}", "?");
  }
}
