package io.vnsnap.store.pages;

import java.util.Arrays;

/** Which pages of a block were given: a bit each. Used by one thread. */
final class PageSet {
  private long[] words = new long[0];

  boolean contains(long page) {
    int word = (int) (page >>> 6);
    return word < words.length && (words[word] & 1L << page) != 0;
  }

  void add(long page) {
    int word = (int) (page >>> 6);
    if (word >= words.length) {
      words = Arrays.copyOf(words, Math.max(word + 1, 2 * words.length));
    }
    words[word] |= 1L << page;
  }
}
