package io.vnsnap.store.map;

import com.google.protobuf.ByteString;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.pack.PageIds;
import io.vnsnap.store.place.Place;
import io.vnsnap.store.record.Damage;
import io.vnsnap.store.record.ObjectNames;
import io.vnsnap.store.record.RecordKind;
import io.vnsnap.store.record.RecordReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;

/**
 * Goes once through what one page map says itself, in little memory and without its ancestors. Used
 * by one thread.
 */
public final class MapScan {
  private static final int MAX_PACKS = 1 << 22;

  private final RecordReader in;
  private final Entries entries;

  /** Takes the pages that a map names itself, in their order. */
  @FunctionalInterface
  public interface Entries {

    /**
     * A page.
     *
     * @param block its number, or {@link PageTable#REST}
     * @param id to be read only during the call
     * @param pack name of the pack that has it, if that is still there
     */
    void page(int block, long page, long[] id, long pack, int groupAndSlot) throws IOException;
  }

  /**
   * What a map says before its pages.
   *
   * @param parent number in its parent's name; 0: it has none
   */
  public record Header(
      int shift,
      int depth,
      ByteString root,
      long parent,
      long restBytes,
      List<ImageReader.Block> blocks) {}

  private MapScan(RecordReader in, Entries entries) {
    this.in = in;
    this.entries = entries;
  }

  /**
   * Reads a map.
   *
   * @throws io.vnsnap.store.DamagedSnapshotException if it is missing or wrong; that may be found
   *     after pages were given
   */
  public static Header read(Place place, long name, Entries entries) throws IOException {
    try (RecordReader in = RecordReader.open(place, RecordKind.PAGE_MAP, ObjectNames.image(name))) {
      return new MapScan(in, entries).read();
    } catch (NoSuchFileException e) {
      throw Damage.missing(place, RecordKind.PAGE_MAP.word, ObjectNames.image(name));
    }
  }

  private Header read() throws IOException {
    Header header = readHeader();
    int count = in.readInt();
    if (count < 0 || count > MAX_PACKS || (long) count * Long.BYTES > in.left()) {
      throw in.damaged("it names %d packs".formatted(count));
    }
    long[] packs = new long[count];
    for (int i = 0; i < count; i++) {
      packs[i] = in.readLong();
    }
    for (int block = 0; block < header.blocks().size(); block++) {
      readRuns(block, header.blocks().get(block).bytes() >>> header.shift(), packs);
    }
    readRuns(PageTable.REST, Math.ceilDiv(header.restBytes(), 1L << header.shift()), packs);
    in.checkEnd();
    return header;
  }

  private Header readHeader() throws IOException {
    ByteBuffer fixed = ByteBuffer.wrap(in.read(MapReader.HEADER_BYTES));
    int shift = fixed.get();
    int depth = fixed.get();
    fixed.getShort();
    ByteString root = ByteString.copyFrom(fixed, 32);
    long parent = fixed.getLong();
    long rest = fixed.getLong();
    int count = fixed.getInt();
    if ((shift != 12 && shift != 16)
        || depth < 0
        || depth > PageMap.MAX_DEPTH
        || rest < 0
        || count < 0
        || count > PageTable.MAX_BLOCKS) {
      throw in.damaged("its header makes no sense");
    }
    List<ImageReader.Block> blocks = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long bytes = in.readLong();
      if (bytes < 0) {
        throw in.damaged("its block %d has a negative length".formatted(i));
      }
      String block = new String(in.read(in.readByte()), StandardCharsets.US_ASCII);
      blocks.add(new ImageReader.Block(block, bytes));
    }
    return new Header(shift, depth, root, parent, rest, List.copyOf(blocks));
  }

  private void readRuns(int block, long pages, long[] packs) throws IOException {
    long[] id = new long[PageIds.LONGS];
    long page = 0;
    while (page < pages) {
      long word = readVarint();
      long count = word >>> MapWriter.KIND_BITS;
      if (count < 1 || count > pages - page) {
        throw in.damaged("a run of %d pages is longer than its block".formatted(count));
      }
      if ((word & (1 << MapWriter.KIND_BITS) - 1) == MapWriter.HERE) {
        for (long i = 0; i < count; i++) {
          readEntry(block, page + i, id, packs);
        }
      }
      page += count;
    }
  }

  private void readEntry(int block, long page, long[] id, long[] packs) throws IOException {
    for (int i = 0; i < id.length; i++) {
      id[i] = in.readLong();
    }
    int pack = in.readInt();
    int groupAndSlot = in.readInt();
    if (pack < 0 || pack >= packs.length) {
      throw in.damaged("the entry of page %d makes no sense".formatted(page));
    }
    entries.page(block, page, id, packs[pack], groupAndSlot);
  }

  private long readVarint() throws IOException {
    long word = 0;
    for (int bits = 0; bits < Long.SIZE - 1; bits += 7) {
      int next = in.readByte();
      word |= (long) (next & 0x7f) << bits;
      if (next < 0x80) {
        return word;
      }
    }
    throw in.damaged("a run's length is too long");
  }
}
