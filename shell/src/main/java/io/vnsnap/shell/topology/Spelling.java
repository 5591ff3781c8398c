package io.vnsnap.shell.topology;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What somebody probably meant. */
final class Spelling {
  private static final int MAX_LENGTH = 64;

  private Spelling() {}

  /** The word that needs the fewest changes, if that is at most a third of its letters. */
  static @Nullable String nearest(String written, List<String> words) {
    if (written.length() > MAX_LENGTH) {
      return null;
    }
    String best = null;
    int bestDistance = Integer.MAX_VALUE;
    for (String word : words) {
      int distance = distance(written, word);
      if (distance < bestDistance) {
        best = word;
        bestDistance = distance;
      }
    }
    return best != null && bestDistance <= Math.max(1, (best.length() + 1) / 3) ? best : null;
  }

  /** Letters to insert, delete or replace (Levenshtein). */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
