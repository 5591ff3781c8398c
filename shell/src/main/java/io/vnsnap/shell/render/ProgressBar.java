package io.vnsnap.shell.render;

/** A bar that fills from the left. */
public final class ProgressBar {
  private ProgressBar() {}

  /**
   * The bar and the percentage.
   *
   * @param fraction 0 to 1; outside of that it counts as the nearer end
   * @param width characters of the bar without its percentage
   */
  public static String of(double fraction, int width, Style style) {
    double bounded = Math.min(1, Math.max(0, fraction));
    int filled = (int) Math.floor(bounded * width);
    String full = style.unicode() ? "━" : "#";
    String empty = style.unicode() ? "╌" : "-";
    return "%s%s %3d %%"
        .formatted(
            style.good(full.repeat(filled)),
            style.dim(empty.repeat(width - filled)),
            (int) Math.floor(bounded * 100));
  }
}
