package io.vnsnap.store.pack;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Gathers new pages until they are a group, compresses it and appends it to a pack. Used by one
 * thread at a time.
 */
public final class GroupBuilder implements Closeable {
  /** Raw bytes of a full group: more compress hardly better, and take longer to read one of. */
  static final int GROUP_BYTES = 128 << 10;

  /** Saving less than one in so many bytes is not worth decompressing for. */
  private static final int WORTHWHILE = 16;

  /** Whoever a page was stored for hears what it cost, and what went wrong. */
  public interface Owner {
    void stored(long bytes);

    void failed(IOException cause);
  }

  private final Packer packer;
  private final int shift;
  private final ByteBuffer raw = ByteBuffer.allocateDirect(GROUP_BYTES);
  private final ByteBuffer stored =
      ByteBuffer.allocateDirect(
          PackLayout.GROUP_HEADER_BYTES + (int) Zstd.compressBound(GROUP_BYTES));
  private final ZstdCompressCtx zstd = new ZstdCompressCtx();
  private final int mostPages;
  private final long[] ids;
  private final @Nullable Owner[] owners;
  private @Nullable PackWriter pack;
  private int number;
  private int pages;

  /**
   * Builds groups of pages of one size.
   *
   * @param level of Zstandard
   */
  public GroupBuilder(Packer packer, int shift, int level) {
    this.packer = packer;
    this.shift = shift;
    this.mostPages = GROUP_BYTES >>> shift;
    this.ids = new long[mostPages * PageIds.LONGS];
    this.owners = new Owner[mostPages];
    zstd.setLevel(level).setContentSize(true).setChecksum(false);
  }

  /**
   * Where the next page that is added will be. Opens a group unless there is one.
   *
   * @throws IOException if no pack can be begun
   */
  public long nextPlace() throws IOException {
    PackWriter current = pack;
    if (current == null) {
      current = packer.openGroup(this);
    }
    return PagePlace.of(current.ordinal(), number, pages);
  }

  /** Called by the packer with the pack's lock held. */
  void opened(PackWriter opened, int groupNumber) {
    this.pack = opened;
    this.number = groupNumber;
  }

  /** Takes a page at the place that {@link #nextPlace} has said. */
  public void add(byte[] page, long[] id, Owner owner) {
    raw.put(page, 0, 1 << shift);
    System.arraycopy(id, 0, ids, pages * PageIds.LONGS, PageIds.LONGS);
    owners[pages] = owner;
    pages++;
    if (pages == mostPages) {
      flush();
    }
  }

  /** Whether pages wait here for a pack with that ordinal. */
  public boolean waitsFor(int packOrdinal) {
    PackWriter current = pack;
    return current != null && current.ordinal() == packOrdinal;
  }

  /** Appends what there is; failures are the owners' to hear of. */
  public void flush() {
    PackWriter target = pack;
    if (target == null) {
      return;
    }
    int count = pages;
    try {
      if (count == 0) {
        target.leaveUnused(number);
      } else {
        int bytes = encode(target.name());
        target.append(
            number, shift, count, Arrays.copyOf(ids, count * PageIds.LONGS), stored.limit(bytes));
        charge(count, bytes);
      }
    } catch (IOException e) {
      for (int i = 0; i < count; i++) {
        Owner owner = owners[i];
        if (owner != null) {
          owner.failed(e);
        }
      }
    } finally {
      Arrays.fill(owners, null);
      raw.clear();
      stored.clear();
      pages = 0;
      pack = null;
      packer.groupEnded(target);
    }
  }

  private int encode(long packName) {
    int rawBytes = raw.position();
    int bound = stored.capacity() - PackLayout.GROUP_HEADER_BYTES;
    int bytes =
        zstd.compressDirectByteBuffer(
            stored, PackLayout.GROUP_HEADER_BYTES, bound, raw, 0, rawBytes);
    int codec = PackLayout.ZSTD;
    if (bytes > rawBytes - rawBytes / WORTHWHILE) {
      stored.put(PackLayout.GROUP_HEADER_BYTES, raw, 0, rawBytes);
      bytes = rawBytes;
      codec = PackLayout.RAW;
    }
    stored.limit(PackLayout.GROUP_HEADER_BYTES + bytes);
    new PackLayout.GroupHeader(codec, shift, pages, bytes, rawBytes)
        .encode(packName, number, stored);
    return stored.limit();
  }

  private void charge(int count, int bytes) {
    int share = bytes / count + PageIds.BYTES;
    for (int i = 0; i < count; i++) {
      Owner owner = owners[i];
      if (owner != null) {
        owner.stored(i == 0 ? share + bytes % count : share);
      }
    }
  }

  /** Releases memory; what was not flushed is lost. */
  @Override
  public void close() {
    zstd.close();
  }
}
