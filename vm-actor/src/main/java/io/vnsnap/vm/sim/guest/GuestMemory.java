package io.vnsnap.vm.sim.guest;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * A guest's memory: pages of 4 KiB that exist once they were written to; all others read as zeros.
 * Words are 64 bits, big-endian, and aligned. Used by one thread.
 *
 * <p>Design note. {@link #freeze} keeps the memory as it is without copying it: it notes which page
 * objects make it up and marks them shared. The first write to a shared page puts a copy in its
 * place and goes there, so the older version stays with whoever froze it. A page that has been
 * stored is unshared, and written to in place again.
 */
public final class GuestMemory {
  /** Bytes of a page. */
  public static final int PAGE = 4096;

  /** Most pages that a guest can use, however much memory it was given. */
  public static final int MAX_PAGES = 1 << 19;

  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final byte[] ZEROS = new byte[PAGE];
  private static final int FIRST_PAGES = 8;

  private final int limit;
  private byte[] @Nullable [] pages = new byte[FIRST_PAGES][];
  private final BitSet shared = new BitSet();
  private final BitSet dirty = new BitSet();
  private long copied;
  private @Nullable FrozenMemory frozen;

  /**
   * Empty memory.
   *
   * @param limit pages, at most
   */
  public GuestMemory(int limit) {
    if (limit < 1 || limit > MAX_PAGES) {
      throw new IllegalArgumentException("a guest has 1 to " + MAX_PAGES + " pages, not " + limit);
    }
    this.limit = limit;
  }

  /** Pages, at most. */
  public int limit() {
    return limit;
  }

  /** Pages written to since the last {@link #freeze}, or since the beginning. */
  public int dirtyPages() {
    return dirty.cardinality();
  }

  /** Pages that had to be copied because they were written to while frozen, ever. */
  public long copiedPages() {
    return copied;
  }

  /** Whether a page was written to since the last {@link #freeze}. */
  boolean isDirty(int page) {
    return dirty.get(page);
  }

  /**
   * Fills a page while memory is being loaded.
   *
   * @param content of {@link #PAGE} bytes; kept
   */
  public void load(int page, byte[] content) {
    if (content.length != PAGE) {
      throw new IllegalArgumentException("not a page: " + content.length + " bytes");
    }
    room(page)[page] = content;
    dirty.set(page);
  }

  /** Marks the memory as it is now; at most one thaw is due at a time. */
  public FrozenMemory freeze() {
    if (frozen != null) {
      throw new IllegalStateException("memory is frozen already");
    }
    int used = used();
    for (int page = 0; page < used; page++) {
      shared.set(page, pages[page] != null);
    }
    FrozenMemory now = new FrozenMemory(this, Arrays.copyOf(pages, used), (BitSet) dirty.clone());
    dirty.clear();
    frozen = now;
    return now;
  }

  private int used() {
    int used = pages.length;
    while (used > 0 && pages[used - 1] == null) {
      used--;
    }
    return used;
  }

  /** The older version of a page is not wanted any more. */
  void unshare(int page) {
    shared.clear(page);
  }

  void thaw() {
    shared.clear();
    frozen = null;
  }

  /** The word at an address. */
  long word(int address) {
    byte[] page = readable(address / PAGE);
    return (long) WORD.get(page, address % PAGE);
  }

  void setWord(int address, long value) {
    WORD.set(writable(address / PAGE), address % PAGE, value);
  }

  void read(int address, byte[] into, int offset, int length) {
    int done = 0;
    while (done < length) {
      int at = address + done;
      int n = Math.min(length - done, PAGE - at % PAGE);
      System.arraycopy(readable(at / PAGE), at % PAGE, into, offset + done, n);
      done += n;
    }
  }

  void write(int address, byte[] from, int offset, int length) {
    int done = 0;
    while (done < length) {
      int at = address + done;
      int n = Math.min(length - done, PAGE - at % PAGE);
      System.arraycopy(from, offset + done, writable(at / PAGE), at % PAGE, n);
      done += n;
    }
  }

  private byte[] readable(int page) {
    checkPage(page);
    byte[] content = page < pages.length ? pages[page] : null;
    return content == null ? ZEROS : content;
  }

  private byte[] writable(int page) {
    byte[] @Nullable [] all = room(page);
    byte[] content = all[page];
    if (content == null) {
      content = new byte[PAGE];
      all[page] = content;
    } else if (shared.get(page)) {
      content = content.clone();
      all[page] = content;
      shared.clear(page);
      copied++;
    }
    dirty.set(page);
    return content;
  }

  private byte[] @Nullable [] room(int page) {
    checkPage(page);
    if (page >= pages.length) {
      pages = Arrays.copyOf(pages, Math.min(limit, Math.max(page + 1, 2 * pages.length)));
    }
    return pages;
  }

  private void checkPage(int page) {
    if (page < 0 || page >= limit) {
      throw new IndexOutOfBoundsException("the guest has no page " + page + " of " + limit);
    }
  }
}
