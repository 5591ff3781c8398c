package io.vnsnap.store.map;

import io.vnsnap.store.ImageReader;
import io.vnsnap.store.pack.NhHash;
import io.vnsnap.store.pack.PageIds;
import io.vnsnap.store.pack.PagePlace;
import java.io.Closeable;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * All pages of an image: of each its id, where it is, when it was last given, and its NH hash.
 * Outside the heap, 64 bytes a page, nothing where a stretch of 4,096 pages is all zeros. Blocks
 * are added by one thread; pages may be entered by several at a time; reading begins when that has
 * ended.
 *
 * <p>Shared by counting: made with one use, released when {@link #close} has been called as often
 * as {@link #retain} plus one.
 */
public final class PageTable implements Closeable {
  /** Number of the block that takes what is no memory. */
  public static final int REST = -1;

  /** Most pages of an image. */
  public static final long MAX_PAGES = 1L << 32;

  /** Most blocks of an image. */
  public static final int MAX_BLOCKS = 65_535;

  static final int ENTRY_BYTES = 64;
  static final int CHUNK_PAGES = Slabs.BYTES / ENTRY_BYTES;

  private static final int PLACE = 32;
  private static final int TURN = 40;
  private static final int NH = 48;
  private static final int LOCKS = 64;
  private static final byte[] NO_ID = new byte[PageIds.BYTES];

  private final Slabs slabs;
  private final int shift;
  private final List<Stretch> blocks = new ArrayList<>();
  private final Stretch rest = new Stretch("", 0, 0);
  private final Object[] locks = new Object[LOCKS];
  private final AtomicInteger users = new AtomicInteger(1);
  private volatile long restBytes;
  private long pages;

  /** A block or the rest. */
  private static final class Stretch {
    final String name;
    final long bytes;
    volatile @Nullable ByteBuffer[] chunks;

    Stretch(String name, long bytes, long pages) {
      this.name = name;
      this.bytes = bytes;
      this.chunks = new ByteBuffer[(int) Math.ceilDiv(pages, (long) CHUNK_PAGES)];
    }
  }

  /**
   * An empty table.
   *
   * @param shift binary logarithm of the page's length
   */
  public PageTable(Slabs slabs, int shift) {
    this.slabs = slabs;
    this.shift = shift;
    for (int i = 0; i < LOCKS; i++) {
      locks[i] = new Object();
    }
  }

  public int shift() {
    return shift;
  }

  /**
   * Adds a block of zeros.
   *
   * @param bytes a multiple of the page's length
   * @return its number
   */
  public int addBlock(String name, long bytes) {
    long added = bytes >>> shift;
    if (bytes < 0 || added << shift != bytes) {
      throw new IllegalArgumentException(
          "block %s has %d bytes, no multiple of %d".formatted(name, bytes, 1 << shift));
    }
    if (blocks.size() == MAX_BLOCKS || added > MAX_PAGES - pages) {
      throw new IllegalArgumentException(
          "an image has at most %d blocks and %d pages".formatted(MAX_BLOCKS, MAX_PAGES));
    }
    if (name.isEmpty() || name.length() > 255 || !name.chars().allMatch(c -> c > 0 && c < 128)) {
      throw new IllegalArgumentException("a block's name is 1 to 255 bytes of ASCII: " + name);
    }
    if (block(name) >= 0) {
      throw new IllegalArgumentException("there are two blocks " + name);
    }
    pages += added;
    blocks.add(new Stretch(name, bytes, added));
    return blocks.size() - 1;
  }

  /** Blocks in their order. */
  public List<ImageReader.Block> blocks() {
    List<ImageReader.Block> all = new ArrayList<>();
    blocks.forEach(block -> all.add(new ImageReader.Block(block.name, block.bytes)));
    return List.copyOf(all);
  }

  public int blockCount() {
    return blocks.size();
  }

  public String name(int block) {
    return blocks.get(block).name;
  }

  /** Number of the block with the name; a negative number if there is none. */
  public int block(String name) {
    for (int i = 0; i < blocks.size(); i++) {
      if (blocks.get(i).name.equals(name)) {
        return i;
      }
    }
    return -2;
  }

  /** Pages of a block or of the rest. */
  public long pages(int block) {
    return block == REST
        ? (restBytes + (1L << shift) - 1) >>> shift
        : blocks.get(block).bytes >>> shift;
  }

  public long restBytes() {
    return restBytes;
  }

  /** Says how long the rest is; only growing. Called by one thread. */
  public void setRestBytes(long bytes) {
    long needed = Math.ceilDiv((bytes + (1L << shift) - 1) >>> shift, (long) CHUNK_PAGES);
    if (needed > rest.chunks.length) {
      @Nullable ByteBuffer[] longer =
          new ByteBuffer[(int) Math.max(needed, 2L * rest.chunks.length)];
      synchronized (rest) {
        System.arraycopy(rest.chunks, 0, longer, 0, rest.chunks.length);
        rest.chunks = longer;
      }
    }
    restBytes = bytes;
  }

  /** Length of the content: all blocks and the rest. */
  public long bytes() {
    long sum = restBytes;
    for (Stretch block : blocks) {
      sum += block.bytes;
    }
    return sum;
  }

  private Stretch stretch(int block) {
    return block == REST ? rest : blocks.get(block);
  }

  private @Nullable ByteBuffer chunk(int block, long page) {
    return stretch(block).chunks[(int) (page / CHUNK_PAGES)];
  }

  private static int at(long page) {
    return (int) (page % CHUNK_PAGES) * ENTRY_BYTES;
  }

  private Object lock(int block, long page) {
    return locks[(int) (page / CHUNK_PAGES * 31 + block) & (LOCKS - 1)];
  }

  private ByteBuffer ensureChunk(int block, long page) {
    Stretch stretch = stretch(block);
    int number = (int) (page / CHUNK_PAGES);
    ByteBuffer chunk = stretch.chunks[number];
    if (chunk == null) {
      chunk = slabs.takeZeroed();
      synchronized (stretch) {
        stretch.chunks[number] = chunk;
      }
    }
    return chunk;
  }

  /**
   * Enters a page unless a later version of it is here.
   *
   * @param turn counts the pages given, unsigned: the last version wins
   */
  public void put(int block, long page, int turn, long[] id, long place, long[] nh) {
    synchronized (lock(block, page)) {
      ByteBuffer chunk = ensureChunk(block, page);
      int at = at(page);
      if (Integer.compareUnsigned(chunk.getInt(at + TURN), turn) > 0) {
        return;
      }
      for (int i = 0; i < PageIds.LONGS; i++) {
        chunk.putLong(at + i * Long.BYTES, id[i]);
      }
      chunk.putLong(at + PLACE, place).putInt(at + TURN, turn);
      for (int i = 0; i < NhHash.LONGS; i++) {
        chunk.putLong(at + NH + i * Long.BYTES, nh[i]);
      }
    }
  }

  /** Enters a page of zeros, as {@link #put} does. */
  public void putZero(int block, long page, int turn) {
    synchronized (lock(block, page)) {
      ByteBuffer chunk = ensureChunk(block, page);
      int at = at(page);
      if (Integer.compareUnsigned(chunk.getInt(at + TURN), turn) > 0) {
        return;
      }
      for (int i = 0; i < ENTRY_BYTES; i += Long.BYTES) {
        chunk.putLong(at + i, 0);
      }
      chunk.putInt(at + TURN, turn);
    }
  }

  /**
   * Enters a page whose id comes next in the buffer, which stays as it is. For one thread, into a
   * table that has no such page yet.
   *
   * @return false, with nothing done, if it is that of a page of zeros
   */
  boolean enter(int block, long page, ByteBuffer id, long place) {
    if (isZero(id, id.position())) {
      return false;
    }
    ByteBuffer chunk = ensureChunk(block, page);
    int at = at(page);
    chunk.put(at, id, id.position(), PageIds.BYTES);
    chunk.putLong(at + PLACE, place);
    return true;
  }

  /** Copies a page's entry from another table; its turn becomes 0. For one thread. */
  public void copy(int block, long page, PageTable from, int fromBlock, long fromPage) {
    ByteBuffer source = from.chunk(fromBlock, fromPage);
    if (source == null || from.isZero(fromBlock, fromPage)) {
      if (chunk(block, page) != null) {
        putZero(block, page, 0);
      }
      return;
    }
    ByteBuffer chunk = ensureChunk(block, page);
    chunk.put(at(page), source, at(fromPage), ENTRY_BYTES);
    chunk.putInt(at(page) + TURN, 0);
  }

  public boolean isZero(int block, long page) {
    ByteBuffer chunk = chunk(block, page);
    if (chunk == null) {
      return true;
    }
    return isZero(chunk, at(page));
  }

  private static boolean isZero(ByteBuffer chunk, int at) {
    long any = 0;
    for (int i = 0; i < PageIds.LONGS; i++) {
      any |= chunk.getLong(at + i * Long.BYTES);
    }
    return any == 0;
  }

  /** Pages of a block, or of the rest, that are not zero. */
  long countNonZero(int block) {
    long count = 0;
    long pages = pages(block);
    for (long first = 0; first < pages; first += CHUNK_PAGES) {
      ByteBuffer chunk = chunk(block, first);
      if (chunk == null) {
        continue;
      }
      int end = (int) Math.min(pages - first, CHUNK_PAGES) * ENTRY_BYTES;
      for (int at = 0; at < end; at += ENTRY_BYTES) {
        count += isZero(chunk, at) ? 0 : 1;
      }
    }
    return count;
  }

  /** The page, or the first one behind it that may not be zero; the number of pages if none. */
  public long skipZeros(int block, long page) {
    long pages = pages(block);
    long next = page;
    while (next < pages && chunk(block, next) == null) {
      next = (next / CHUNK_PAGES + 1) * CHUNK_PAGES;
    }
    return Math.min(next, pages);
  }

  /** Appends the ids of pages, which all lie in one chunk: zeros for pages of zeros. */
  void ids(int block, long page, int count, ByteBuffer into) {
    ByteBuffer chunk = chunk(block, page);
    int begin = into.position();
    for (int i = 0; i < count; i++) {
      int to = begin + i * PageIds.BYTES;
      if (chunk == null) {
        into.put(to, NO_ID);
      } else {
        into.put(to, chunk, at(page) + i * ENTRY_BYTES, PageIds.BYTES);
      }
    }
    into.position(begin + count * PageIds.BYTES);
  }

  /** Writes the page's id into the array: zeros for a page of zeros. */
  public void id(int block, long page, long[] id) {
    ByteBuffer chunk = chunk(block, page);
    for (int i = 0; i < PageIds.LONGS; i++) {
      id[i] = chunk == null ? 0 : chunk.getLong(at(page) + i * Long.BYTES);
    }
  }

  /** Where the page is; {@link PagePlace#NONE} for a page of zeros. */
  public long place(int block, long page) {
    ByteBuffer chunk = chunk(block, page);
    return chunk == null || isZero(block, page) ? PagePlace.NONE : chunk.getLong(at(page) + PLACE);
  }

  /** Whether a page that is not zero has this NH hash. */
  public boolean hasNh(int block, long page, long[] nh) {
    ByteBuffer chunk = chunk(block, page);
    if (chunk == null) {
      return false;
    }
    int at = at(page) + NH;
    return chunk.getLong(at) == nh[0]
        && chunk.getLong(at + Long.BYTES) == nh[1]
        && !isZero(block, page);
  }

  /** Whether a page has the same id and place as one of another table. */
  boolean isSame(int block, long page, PageTable other, int otherBlock, long otherPage) {
    ByteBuffer mine = chunk(block, page);
    ByteBuffer theirs = other.chunk(otherBlock, otherPage);
    if (mine == null || theirs == null) {
      return isZero(block, page) && other.isZero(otherBlock, otherPage);
    }
    boolean same = true;
    for (int i = 0; i < PageIds.LONGS; i++) {
      same &=
          mine.getLong(at(page) + i * Long.BYTES) == theirs.getLong(at(otherPage) + i * Long.BYTES);
    }
    return same
        && (mine.getLong(at(page) + PLACE) == theirs.getLong(at(otherPage) + PLACE)
            || isZero(block, page));
  }

  /** Memory that it takes, in bytes. */
  public long memoryBytes() {
    long chunks = count(rest);
    for (Stretch block : blocks) {
      chunks += count(block);
    }
    return chunks * Slabs.BYTES;
  }

  private static long count(Stretch stretch) {
    long count = 0;
    for (ByteBuffer chunk : stretch.chunks) {
      if (chunk != null) {
        count++;
      }
    }
    return count;
  }

  /** One more user. */
  public PageTable retain() {
    if (users.getAndIncrement() < 1) {
      throw new IllegalStateException("the table was released");
    }
    return this;
  }

  @Override
  public void close() {
    if (users.decrementAndGet() == 0) {
      giveBack(rest);
      blocks.forEach(this::giveBack);
    }
  }

  private void giveBack(Stretch stretch) {
    @Nullable ByteBuffer[] chunks = stretch.chunks;
    stretch.chunks = new ByteBuffer[0];
    for (ByteBuffer chunk : chunks) {
      if (chunk != null) {
        slabs.giveBack(chunk);
      }
    }
  }
}
