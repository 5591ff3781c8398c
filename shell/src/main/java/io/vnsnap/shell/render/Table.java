package io.vnsnap.shell.render;

import java.util.ArrayList;
import java.util.List;

/** Aligned columns under a heading, two spaces apart. Columns of numbers are set to the right. */
public final class Table {
  private static final String GAP = "  ";
  private static final String RIGHT = ">";

  private final List<String> heading = new ArrayList<>();
  private final List<Boolean> right = new ArrayList<>();
  private final List<List<String>> rows = new ArrayList<>();

  /**
   * A table with these columns.
   *
   * @param columns headings; one that starts with {@code >} is of a column set to the right
   */
  public Table(String... columns) {
    for (String column : columns) {
      right.add(column.startsWith(RIGHT));
      heading.add(column.startsWith(RIGHT) ? column.substring(1) : column);
    }
  }

  /** Adds a row with one cell per column. */
  public Table row(String... cells) {
    if (cells.length != heading.size()) {
      throw new IllegalArgumentException(
          "%d cells for %d columns".formatted(cells.length, heading.size()));
    }
    List<String> row = new ArrayList<>();
    for (String cell : cells) {
      row.add(Plain.line(cell));
    }
    rows.add(row);
    return this;
  }

  /** Heading and rows, without blanks at their ends. */
  public List<String> lines(Style style) {
    int[] widths = new int[heading.size()];
    measure(heading, widths);
    rows.forEach(row -> measure(row, widths));
    List<String> lines = new ArrayList<>();
    lines.add(style.dim(line(heading, widths)));
    rows.forEach(row -> lines.add(line(row, widths)));
    return lines;
  }

  private static void measure(List<String> cells, int[] widths) {
    for (int i = 0; i < widths.length; i++) {
      widths[i] = Math.max(widths[i], length(cells.get(i)));
    }
  }

  private String line(List<String> cells, int[] widths) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < widths.length; i++) {
      String padding = " ".repeat(widths[i] - length(cells.get(i)));
      line.append(i == 0 ? "" : GAP)
          .append(right.get(i) ? padding + cells.get(i) : cells.get(i) + padding);
    }
    return line.toString().stripTrailing();
  }

  private static int length(String text) {
    return text.codePointCount(0, text.length());
  }
}
