package io.vnsnap.shell.render;

/**
 * What a terminal can show.
 *
 * @param colour ANSI colours
 * @param unicode characters outside ASCII
 */
public record Style(boolean colour, boolean unicode) {
  /** Neither colours nor characters outside ASCII. */
  public static final Style PLAIN = new Style(false, false);

  /** Something good. */
  public String good(String text) {
    return sgr("32", text);
  }

  /** Something bad. */
  public String bad(String text) {
    return sgr("31", text);
  }

  /** Something to look at. */
  public String strong(String text) {
    return sgr("1", text);
  }

  /** Something beside the point. */
  public String dim(String text) {
    return sgr("2", text);
  }

  private String sgr(String code, String text) {
    return colour ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
  }
}
