package io.vnsnap.store.pack;

import io.vnsnap.store.record.Flaw;
import java.nio.ByteBuffer;

/** Where the groups of a pack are. Immutable. */
final class PackDirectory {
  private final int[] offsets;
  private final int[] bytes;
  private final int[] pagesAndShift;
  private final int pages;

  private PackDirectory(int groups, int pages) {
    this.offsets = new int[groups];
    this.bytes = new int[groups];
    this.pagesAndShift = new int[groups];
    this.pages = pages;
  }

  /** Reads and checks a directory; the trailer was checked before. */
  static PackDirectory decode(long name, PackLayout.Trailer trailer, ByteBuffer in) throws Flaw {
    Flaw.when(
        PackLayout.crc(name, in) != trailer.directoryCrc(),
        "the checksum of its directory is wrong");
    PackDirectory directory = new PackDirectory(trailer.groups(), trailer.pages());
    long sum = 0;
    for (int group = 0; group < trailer.groups(); group++) {
      int offset = in.getInt();
      int bytes = in.getInt();
      int pages = Short.toUnsignedInt(in.getShort());
      int shift = Short.toUnsignedInt(in.getShort()) >>> Byte.SIZE;
      boolean unused = (offset | bytes | pages | shift) == 0;
      Flaw.when(
          !unused
              && (offset < PackLayout.HEADER_BYTES
                  || bytes < PackLayout.GROUP_HEADER_BYTES
                  || bytes > PackLayout.GROUP_HEADER_BYTES + PackLayout.MAX_GROUP_BYTES
                  || offset > trailer.idsOffset() - bytes
                  || pages < 1
                  || pages > PagePlace.MAX_SLOTS
                  || !PackLayout.shiftIsKnown(shift)),
          "group %d in its directory makes no sense",
          group);
      directory.offsets[group] = offset;
      directory.bytes[group] = bytes;
      directory.pagesAndShift[group] = pages << Byte.SIZE | shift;
      sum += pages;
    }
    Flaw.when(sum != trailer.pages(), "its directory counts %d pages", sum);
    return directory;
  }

  int groups() {
    return offsets.length;
  }

  int pages() {
    return pages;
  }

  int offset(int group) {
    return offsets[group];
  }

  /** Length with the header. */
  int bytes(int group) {
    return bytes[group];
  }

  int pages(int group) {
    return pagesAndShift[group] >>> Byte.SIZE;
  }

  int shift(int group) {
    return pagesAndShift[group] & 0xff;
  }
}
