package io.vnsnap.simulation;

/**
 * A range of seeds.
 *
 * @param first of them
 * @param last of them, not before the first
 */
record Seeds(long first, long last) {
  private static final String RANGE = "\\.\\.";

  /**
   * Reads {@code A..B}, or {@code A} for one.
   *
   * @throws IllegalArgumentException saying what to write instead
   */
  static Seeds parse(String text) {
    String[] ends = text.split(RANGE, -1);
    try {
      long first = Long.parseLong(ends[0]);
      long last = ends.length == 2 ? Long.parseLong(ends[1]) : first;
      if (ends.length <= 2 && first >= 0 && last >= first && last < Long.MAX_VALUE) {
        return new Seeds(first, last);
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(advice(text), e);
    }
    throw new IllegalArgumentException(advice(text));
  }

  private static String advice(String text) {
    return "\"%s\" is no range of seeds: write A..B with 0 <= A <= B, such as 1..500, or one seed"
        .formatted(text);
  }

  long count() {
    return last - first + 1;
  }

  @Override
  public String toString() {
    return first == last ? Long.toString(first) : first + ".." + last;
  }
}
