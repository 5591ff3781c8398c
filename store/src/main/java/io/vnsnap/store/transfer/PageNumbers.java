package io.vnsnap.store.transfer;

import java.nio.ByteBuffer;
import java.security.DigestException;
import java.security.MessageDigest;
import java.util.Arrays;

/**
 * Remembers by SHA-256 which pages a file has already. When as many are remembered as there is room
 * for, later ones are not: then a page may be in the file more than once. Used by one thread.
 */
final class PageNumbers {
  /** Most pages remembered: 12 GiB of memory; the table then takes 168 MiB. */
  static final int MAX_PAGES = 3 << 20;

  private static final int WORDS = 5;
  private static final int FIRST_SLOTS = 1 << 14;

  private final int maxPages;
  private final MessageDigest sha256 = RecordSink.sha256();
  private final byte[] id = new byte[32];
  private final ByteBuffer words = ByteBuffer.wrap(id);

  /** Four words of the id and the number plus one; zero is a free slot. */
  private long[] table = new long[FIRST_SLOTS * WORDS];

  private int remembered;

  PageNumbers() {
    this(MAX_PAGES);
  }

  PageNumbers(int maxPages) {
    this.maxPages = maxPages;
  }

  /**
   * The number of a page that is remembered, or -1; then it is remembered under the given number if
   * there is room.
   *
   * @param content of the page; position and limit stay
   */
  long find(ByteBuffer content, long number) {
    sha256.update(content.duplicate());
    try {
      if (sha256.digest(id, 0, id.length) != id.length) {
        throw new IllegalStateException("SHA-256 has 32 bytes");
      }
    } catch (DigestException e) {
      throw new IllegalStateException("SHA-256 has 32 bytes", e);
    }
    int slot = slot(table, words);
    if (table[slot + WORDS - 1] != 0) {
      return table[slot + WORDS - 1] - 1;
    }
    if (remembered < maxPages) {
      put(table, slot, words, number + 1);
      remembered++;
      if (remembered * 4L * WORDS > table.length * 3L) {
        grow();
      }
    }
    return -1;
  }

  private static int slot(long[] table, ByteBuffer id) {
    int slots = table.length / WORDS;
    int slot = (int) Long.remainderUnsigned(id.getLong(0), slots) * WORDS;
    while (table[slot + WORDS - 1] != 0 && !equal(table, slot, id)) {
      slot = (slot + WORDS) % table.length;
    }
    return slot;
  }

  private static boolean equal(long[] table, int slot, ByteBuffer id) {
    for (int i = 0; i < WORDS - 1; i++) {
      if (table[slot + i] != id.getLong(i * Long.BYTES)) {
        return false;
      }
    }
    return true;
  }

  private static void put(long[] table, int slot, ByteBuffer id, long value) {
    for (int i = 0; i < WORDS - 1; i++) {
      table[slot + i] = id.getLong(i * Long.BYTES);
    }
    table[slot + WORDS - 1] = value;
  }

  private void grow() {
    long[] old = table;
    long[] larger = new long[old.length * 2];
    ByteBuffer one = ByteBuffer.allocate(id.length);
    for (int slot = 0; slot < old.length; slot += WORDS) {
      if (old[slot + WORDS - 1] != 0) {
        one.clear();
        Arrays.stream(old, slot, slot + WORDS - 1).forEach(one::putLong);
        put(larger, slot(larger, one), one, old[slot + WORDS - 1]);
      }
    }
    table = larger;
  }
}
