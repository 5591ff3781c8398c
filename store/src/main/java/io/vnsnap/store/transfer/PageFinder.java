package io.vnsnap.store.transfer;

import io.vnsnap.store.transfer.ExportFormat.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Finds pages of an export file by their number. Used by one thread. */
final class PageFinder {
  /** Records kept unpacked: at most 64 MiB, as written 16 MiB. */
  private static final int KEPT_RECORDS = 64;

  private final RecordSource source;
  private long[] firsts = new long[1024];
  private long[] offsets = new long[1024];
  private int records;
  private long pages;
  private final Map<Long, Pages> kept =
      new LinkedHashMap<>(KEPT_RECORDS, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Pages> eldest) {
          return size() > KEPT_RECORDS;
        }
      };

  PageFinder(RecordSource source) {
    this.source = source;
  }

  /**
   * A record of pages.
   *
   * @param places block and number of each
   */
  record Pages(int count, int pageBytes, ByteBuffer places, ByteBuffer contents) {

    /**
     * Takes a record apart.
     *
     * @param pageBytes length of a page; 0: whatever comes out
     */
    static Pages of(RecordSource.Entry record, int pageBytes) throws DamagedExportException {
      ByteBuffer content = record.content();
      int count = content.remaining() < Short.BYTES ? 0 : Short.toUnsignedInt(content.getShort(0));
      int placesBytes = count * ExportFormat.PLACE_BYTES;
      int left = content.remaining() - Short.BYTES - placesBytes;
      if (count == 0
          || left <= 0
          || left % count != 0
          || (pageBytes != 0 && left / count != pageBytes)) {
        throw RecordSource.damaged(record.offset(), "a record of pages has a wrong length");
      }
      return new Pages(
          count,
          left / count,
          content.slice(Short.BYTES, placesBytes),
          content.slice(Short.BYTES + placesBytes, left));
    }

    ByteBuffer content(int index) {
      return contents.slice(index * pageBytes, pageBytes);
    }
  }

  /** Pages so far. */
  long pages() {
    return pages;
  }

  /** Notes the pages of a record that has just been read. */
  void add(RecordSource.Entry record, int count) {
    if (records == firsts.length) {
      firsts = Arrays.copyOf(firsts, records * 2);
      offsets = Arrays.copyOf(offsets, records * 2);
    }
    firsts[records] = pages;
    offsets[records++] = record.offset();
    pages += count;
  }

  /**
   * Content of a page that was noted.
   *
   * @param asking offset of the record that refers to it
   */
  ByteBuffer page(long number, int pageBytes, long asking) throws IOException {
    if (number < 0 || number >= pages) {
      throw RecordSource.damaged(asking, "it refers to a page that is not there before");
    }
    int found = Arrays.binarySearch(firsts, 0, records, number);
    int index = found >= 0 ? found : -found - 2;
    Pages in = kept.get(offsets[index]);
    if (in == null) {
      RecordSource.Entry record = source.again(offsets[index]);
      if (record.kind() != Kind.PAGES) {
        throw RecordSource.damaged(record.offset(), "it has changed while it was read");
      }
      in = Pages.of(record, 0);
      kept.put(offsets[index], in);
    }
    int slot = (int) (number - firsts[index]);
    if (in.pageBytes() != pageBytes || slot >= in.count()) {
      throw RecordSource.damaged(asking, "it refers to a page of another size");
    }
    return in.content(slot);
  }
}
